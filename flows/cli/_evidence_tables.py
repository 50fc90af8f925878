"""`radloop compare`'s tables beyond AUC: the difference in groups of patients, and the model beside its readers."""

import math

from rich.table import Table

from components.evaluation import (
    Comparison,
    Interval,
    ReaderComparison,
    auc_text,
    difference_interval_text,
    difference_text,
    label_title,
    p_text,
)


def groups_table(found: Comparison) -> Table:
    """Mean AUC of both models in each group; where too few, why."""
    table = _table("Mean AUC by group", "group", "studies", "labels", "fewest", "A", "B", "difference", "interval")
    for part in found.subgroups:
        table.add_row(
            f"{part.attribute.value.replace('_', ' ')}: {part.group}",
            str(part.studies),
            str(part.judged_labels),
            str(part.fewest),
            auc_text(part.mean_auc_a),
            auc_text(part.mean_auc_b),
            difference_text(part.delta),
            part.reason or difference_interval_text(part.delta_ci),
        )
    return table


def readers_table(found: Comparison) -> Table:
    """Model B's sensitivity and specificity where the other is the reader's, less the reader's own."""
    title = "Model B against readers: sensitivity at their specificity, specificity at their sensitivity"
    table = _table(title, "finding", "reader", "sensitivity", "p", "specificity", "p", "no worse")
    for one in found.readers:
        table.add_row(
            label_title(one.label),
            "mean of all" if one.reader is None else one.reader,
            _difference(one.sensitivity_delta, one.sensitivity_delta_ci),
            p_text(one.sensitivity_p),
            _difference(one.specificity_delta, one.specificity_delta_ci),
            p_text(one.specificity_p),
            _answer(one),
        )
    if found.readers:
        table.caption = f"p that B is worse by {found.readers[0].margin:.2f} or more, on one side"
        table.caption_justify = "left"
    return table


def _table(title: str, *headings: str) -> Table:
    table = Table(box=None, title=title, title_justify="left", padding=(0, 1))
    for heading in headings:
        words = heading in ("group", "interval", "finding", "reader", "no worse")
        table.add_column(heading, justify="left" if words else "right", overflow="fold")
    return table


def _difference(value: float, interval: Interval) -> str:
    """+0.13 (−0.08 to +0.30): of few patients, a third digit would only fill the line."""
    if not math.isfinite(interval.low):
        return "–"
    middle, low, high = (f"{number:+.2f}".replace("-", "−") for number in (value, *interval))
    return f"{middle} ({low} to {high})"


def _answer(one: ReaderComparison) -> str:
    if one.reason:
        return one.reason
    return "yes" if one.noninferior else "not shown"
