"""`radloop explain`: where a model looks in a study."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from components.findings import Finding
from flows._telling import say, tell_at
from flows.cli._common import Common, clear_errors

PLAIN = Common()


def explain(
    study: str,
    *,
    finding: Annotated[tuple[Finding, ...], Parameter(negative=())],
    model: str | None = None,
    out: Path | None = None,
    common: Common = PLAIN,
) -> None:
    """Writes pictures of a catalogued study with the places laid over them that speak for a finding (Grad-CAM).

    One PNG a view and finding, IMAGE-FINDING.png; the warmer a place, the more it spoke for the finding. The two views
    of a study share one scale. It shows where the model looked, not that it was right.

    Parameters
    ----------
    study
        The study's pseudonymous id, as the worklist and the catalog name it.
    finding
        One of the 14; may be given several times.
    model
        Version, or champion, challenger or previous; default: the champion.
    out
        Folder of the pictures; default: HOME/explained/VERSION.
    """
    settings = common.settings()
    tell_at(common.console)
    with clear_errors():
        from flows._explaining import explain as work

        version, written = work(study, finding, model=model, out=out, settings=settings)
    common.answer({"version": version, "pictures": [str(file) for file in written]})
    if not common.json:
        say(f"model version {version}: {len(written)} pictures in {written[0].parent}")
