"""Evidence: the figures of the look, clause by clause, label by label."""

from collections.abc import Iterator
from typing import Any

from components.promotion._evidence_management import between
from components.promotion._evidence_types import Fact, Grid, Section
from components.promotion._records import JsonObject, ReleaseRecords, entry_name


def results(records: ReleaseRecords) -> Section:
    """The gate's decision, and every figure that it rests on."""
    title, asked = "Performance on the locked patients", "What was found, by the criteria fixed beforehand."
    verdict, found = records.verdict, records.results
    missing = [
        *(["a verdict of the gate"] if verdict is None else []),
        *(["the results of the look"] if found is None else []),
    ]
    facts: tuple[Fact, ...] = ()
    grids: list[Grid] = []
    if verdict is not None:
        source = entry_name(verdict)
        facts = (
            Fact(name="Decision", value=verdict.body["decision"], source=source),
            Fact(name="Results' SHA-256", value=verdict.body.get("results_sha256"), source=source),
        )
        grids.append(
            Grid(
                title="Criteria",
                columns=("criterion", "met", "figures"),
                rows=tuple((each["name"], each["passed"], each["sentence"]) for each in verdict.body["clauses"]),
                source=source,
            )
        )
    if found is not None:
        grids += [_labels(found), *_calibration(found), *_operating(found)]
    return Section(title=title, asked=asked, facts=facts, grids=tuple(grids), missing=tuple(missing))


def _labels(found: JsonObject) -> Grid:
    labels = found["labels"]
    compared = "delta" in labels[0]
    return Grid(
        title="AUC of each finding, with DeLong's interval",
        columns=_COMPARED if compared else _ASSESSED,
        rows=tuple(_compared(label) if compared else _assessed(label) for label in labels),
        source=_SOURCE,
    )


_SOURCE = "results.json of the version"
_COMPARED = ("finding", "positives", "studies", "champion", "interval", "candidate", "interval", "difference", "p",
             "Holm p", "verdict", "reason")  # fmt: skip
_ASSESSED = ("finding", "positives", "studies", "AUC", "interval", "judged", "reason")


def _compared(label: JsonObject) -> tuple[Any, ...]:
    return (
        label["label"],
        label["positives"],
        label["n"],
        label["auc_a"],
        between(label["auc_a_ci"]),
        label["auc_b"],
        between(label["auc_b_ci"]),
        label["delta"],
        label["delong_p"],
        label["holm_p"],
        label["verdict"],
        label["reason"],
    )


def _assessed(label: JsonObject) -> tuple[Any, ...]:
    named = (label["label"], label["positives"], label["n"])
    return (*named, label["auc"], between(label["auc_ci"]), label["judged"], label["reason"])


def _calibration(found: JsonObject) -> Iterator[Grid]:
    calibration = found["calibration"]
    if calibration is None:
        return
    models = {"champion": calibration["a"], "candidate": calibration["b"]} if "a" in calibration else {"": calibration}
    yield Grid(
        title="Calibration: means over the judged findings",
        columns=("model", "Brier score", "expected calibration error"),
        rows=tuple((name, model["brier"], model["ece"]) for name, model in models.items()),
        source=_SOURCE,
    )


def _operating(found: JsonObject) -> Iterator[Grid]:
    points = [point for point in found["operating"] if point["model"] == "B"] or found["operating"]
    if not points:
        return
    yield Grid(
        title="Read as present at the thresholds chosen on the validation patients",
        columns=("finding", "threshold", "sensitivity", "interval", "specificity", "interval", "reason"),
        rows=tuple(
            (
                point["label"],
                point["threshold"],
                point["sensitivity"],
                between(point["sensitivity_ci"]),
                point["specificity"],
                between(point["specificity_ci"]),
                point["reason"],
            )
            for point in points
        ),
        source=_SOURCE,
    )
