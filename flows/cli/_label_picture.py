"""The labeller's F1 over the months as a picture."""

from pathlib import Path

from matplotlib.figure import Figure

from components.labeler import LabelerScorecard


def draw_months(scorecard: LabelerScorecard, path: Path) -> None:
    """Writes a PNG: pooled F1 of each month with its 95 % interval."""
    defined = {month: scores.pooled for month, scores in scorecard.months.items() if scores.pooled.f1 >= 0}
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    f1 = [score.f1 for score in defined.values()]
    spread = [[score.f1 - score.interval[0] for score in defined.values()],
              [score.interval[1] - score.f1 for score in defined.values()]]  # fmt: skip
    axes.errorbar(list(defined), f1, yerr=spread, fmt="o-", capsize=3)
    axes.set(ylim=(0, 1), xlabel="month of the report", ylabel="F1 of present, all findings pooled",
             title=f"The labeller against readers, {scorecard.latest.studies} studies")  # fmt: skip
    figure.savefig(path, format="png")
