"""`radloop relabel push` and `pull`: the reading queue out to Label Studio, readings in."""

from cyclopts import App

from flows.cli._common import Common, prefect_session

PLAIN = Common()

relabel = App(name="relabel", help="What radiologists should read, out to Label Studio; their readings, in.")


@relabel.command
def push(*, site: str | None = None, common: Common = PLAIN) -> None:
    """Sends the studies that most need a reader to Label Studio; doing it again adds nothing.

    Parameters
    ----------
    site
        The hospital's name in the catalog; default: the setting `site`.
    """
    settings = common.settings()
    with prefect_session(settings, common):
        from flows.readings import push_readings

        common.answer(push_readings(site=site))


@relabel.command
def pull(*, common: Common = PLAIN) -> None:
    """Brings readings back; from then on they win over the labeller. Doing it again adds nothing."""
    settings = common.settings()
    with prefect_session(settings, common):
        from flows.readings import pull_readings

        common.answer(pull_readings())
