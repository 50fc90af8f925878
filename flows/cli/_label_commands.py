"""`radloop label` and `label-report`: findings out of reports, and how well that goes."""

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from components.labeler import Labelled, label_csv
from flows._telling import progress, say, tell_at
from flows.cli._common import Common, clear_errors
from flows.cli._label_tables import explained, over_time_table, scores_table

PLAIN = Common()


def label(
    reports: Path,
    *,
    out: Path,
    explain: Annotated[bool, Parameter(negative=())] = False,
    explanations: Path | None = None,
    common: Common = PLAIN,
) -> None:
    """Reads the 14 findings out of reports.

    Parameters
    ----------
    reports
        CSV with `report_id`, and `findings` and `impression` or `report`. `indication` is never labelled.
    out
        CSV to write: `report_id` and the 14 findings, 1 present, 0 absent, -1 uncertain, empty unmentioned.
    explain
        Shows for each label the sentence that made it, the mention in square brackets, the cue in angle brackets;
        with --json every statement and where in its sentence they stand.
    explanations
        CSV to write the same to: one row a statement, `decides` 1 where it made the label.
    """
    console = common.console
    tell_at(console)
    told: list[dict[str, Any]] = []

    def show(report: Labelled) -> None:
        if common.json:
            told.append(report.to_json())
        else:
            console.print(explained(report))

    with clear_errors(), progress("reading reports", "label") as tell:
        count = label_csv(reports, out, progress=tell, explanations=explanations, each=show if explain else None)
    common.answer({"reports": count} | ({"explanations": told} if explain else {}))
    if not common.json:
        say(f"{count} reports read, labels in {out}" + (f", explanations in {explanations}" if explanations else ""))


def label_report(*, site: str | None = None, picture: Path | None = None, common: Common = PLAIN) -> None:
    """How well the labeller reads this hospital's reports: F1 per finding against radiologists' readings, over time.

    A label counts as right where it says present and people do, too. Months are those in which the report came.

    Parameters
    ----------
    site
        The hospital's name in the catalog; default: the setting `site`.
    picture
        PNG to draw the months and versions in.
    """
    settings = common.settings()
    with clear_errors():
        from flows._labelling import labeler_scorecard

        scorecard = labeler_scorecard(settings, site)
        if picture:
            from flows.cli._label_picture import draw_months

            draw_months(scorecard, picture)
    common.answer(scorecard.to_json())
    if common.json:
        return
    if not scorecard.latest.studies:
        common.console.print("No study has both a report's labels and a reading: see `radloop relabel push`.")
        return
    common.console.print(scores_table(scorecard.latest))
    for title, groups in (("By month of the report", scorecard.months), ("By labeller version", scorecard.versions)):
        common.console.print()
        common.console.print(over_time_table(title, groups))
