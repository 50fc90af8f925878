"""`radloop efficiency`: how many local images each way of training needs."""

from typing import Any

from rich.table import Table

from components.evaluation import Interval, auc_text, interval_text
from flows._telling import say
from flows.cli._common import Common, prefect_session

PLAIN = Common()


def efficiency(
    *, site: str | None = None, images: list[int] | None = None, repeats: int = 3, common: Common = PLAIN
) -> None:
    """Mean AUC against the number of local images, for each way of training, on the hospital's own studies.

    From 15, 45, 135 … and all local training images, new heads are fitted on the base model, the base model is
    fine-tuned, and a network with generic weights is trained; the validation patients judge, the locked ones are not
    looked at. Figures and maps of embeddings go to an HTML page, to MLflow and onto later report cards.

    Parameters
    ----------
    site
        The hospital's name in the catalog; default: the setting `site`.
    images
        Numbers of local images to learn from, one option each; default: 15, 45, 135 … and all.
    repeats
        Models of each way and number of images, each from images of other patients: more make the intervals narrower.
    """
    settings = common.settings()
    with prefect_session(settings, common):
        from flows.efficiency import efficiency as flow

        found = flow(site=site, images=images, repeats=repeats)
    common.answer(found)
    if not common.json:
        common.console.print(efficiency_table(found["points"]))
        say(f"page: {found['page']}")


def efficiency_table(points: list[dict[str, Any]]) -> Table:
    """A row a number of images, a column a way of training."""
    table = Table(box=None, title="Mean AUC on the validation patients", title_justify="left", padding=(0, 1))
    table.add_column("local images", justify="right")
    for strategy in dict.fromkeys(point["strategy"] for point in points):
        table.add_column(strategy, justify="right", overflow="fold")
    for images in sorted({point["images"] for point in points}):
        of_row = [point for point in points if point["images"] == images]
        table.add_row(f"{images:,}", *[_figure(point) for point in of_row])
    return table


def _figure(point: dict[str, Any]) -> str:
    low, high = (float("nan") if bound is None else bound for bound in (point["low"], point["high"]))
    mean = float("nan") if point["mean_auc"] is None else point["mean_auc"]
    return f"{auc_text(mean)} ({interval_text(Interval(low, high))})"
