"""`radloop relabel push`, `pull` and `status`: the reading queue out to Label Studio, readings in, how it stands."""

from cyclopts import App

from flows.cli._common import Common, clear_errors, prefect_session
from flows.cli._reading_tables import agreement_table, state_table

PLAIN = Common()

relabel = App(name="relabel", help="What radiologists should read, out to Label Studio; their readings, in.")


@relabel.command
def push(*, site: str | None = None, for_test: bool = False, common: Common = PLAIN) -> None:
    """Sends the studies that most need a reader to Label Studio; doing it again adds nothing.

    Parameters
    ----------
    site
        The hospital's name in the catalog; default: the setting `site`.
    for_test
        Studies of the locked test patients, drawn at random, for the reference standard: two people read each
        blind, without report and model, in a project of its own.
    """
    settings = common.settings()
    with prefect_session(settings, common):
        from flows.readings import push_readings

        common.answer(push_readings(site=site, for_test=for_test))


@relabel.command
def pull(*, common: Common = PLAIN) -> None:
    """Brings readings back; from then on they win over the labeller. Doing it again adds nothing."""
    settings = common.settings()
    with prefect_session(settings, common):
        from flows.readings import pull_readings

        common.answer(pull_readings())


@relabel.command
def status(*, common: Common = PLAIN) -> None:
    """Shows how the reading queue stands: what waits, what was read by how many, how far readers agree."""
    settings = common.settings()
    with clear_errors():
        from flows.readings import reading_state

        state = reading_state(settings)
    common.answer(state.to_json())
    if not common.json:
        common.console.print(state_table(state))
        if len(state.agreement):
            common.console.print(agreement_table(state))
