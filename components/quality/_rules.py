"""Rules in the domain's words; each becomes one Great Expectations expectation and one sentence."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from components.quality._report import Severity

Sentence = Callable[[Mapping[str, Any]], str]

_FEW = 6


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One expectation on one table.

    `expectation` is the class's name in Great Expectations, `arguments` are its own; `sentence` makes the
    observed figures (Great Expectations' result, without values of rows) into one sentence.
    """

    name: str
    severity: Severity
    expectation: str
    arguments: Mapping[str, Any]
    sentence: Sentence


def has_columns(columns: Collection[str]) -> Rule:
    """The table has at least these columns."""

    def sentence(result: Mapping[str, Any]) -> str:
        missing = sorted(set(columns) - set(result["observed_value"]))
        return f"The columns {', '.join(missing)} are missing." if missing else f"All {len(columns)} columns are there."

    return Rule(
        name="columns",
        severity=Severity.CRITICAL,
        expectation="ExpectTableColumnsToMatchSet",
        arguments={"column_set": sorted(columns), "exact_match": False},
        sentence=sentence,
    )


def has_rows(what: str, severity: Severity) -> Rule:
    """There is at least one row."""
    return Rule(
        name=f"{what} present",
        severity=severity,
        expectation="ExpectTableRowCountToBeBetween",
        arguments={"min_value": 1},
        sentence=lambda result: f"There are {result['observed_value']} {what}.",
    )


def filled(column: str, *, severity: Severity = Severity.CRITICAL, share: float = 1.0) -> Rule:
    """At least this share of rows has a value."""

    def sentence(result: Mapping[str, Any]) -> str:
        missing, rows = result["unexpected_count"], result["element_count"]
        return f"In {rows - missing} of {rows} rows '{column}' is filled; at least {share:.0%} must be."

    return Rule(
        name=f"{column} filled",
        severity=severity,
        expectation="ExpectColumnValuesToNotBeNull",
        arguments={"column": column, "mostly": share},
        sentence=sentence,
    )


def unique(column: str, *, severity: Severity = Severity.CRITICAL) -> Rule:
    """No value occurs twice."""
    return Rule(
        name=f"{column} unique",
        severity=severity,
        expectation="ExpectColumnValuesToBeUnique",
        arguments={"column": column},
        sentence=lambda result: _outside(result, f"'{column}' is that of another row as well"),
    )


def one_of(column: str, allowed: Collection[Any], *, severity: Severity = Severity.CRITICAL) -> Rule:
    """Every value that is there belongs to a closed set."""
    words = ", ".join(str(value) for value in allowed)
    rule = words if len(allowed) <= _FEW else f"the {len(allowed)} known values"
    return Rule(
        name=f"{column} known",
        severity=severity,
        expectation="ExpectColumnValuesToBeInSet",
        arguments={"column": column, "value_set": list(allowed)},
        sentence=lambda result: _outside(result, f"'{column}' is none of {rule}"),
    )


def between(column: str, low: float, high: float | None, *, severity: Severity) -> Rule:
    """Every value that is there lies in low..high, both included; None: no upper end."""
    limits = f"below {low:g}" if high is None else f"outside {low:g}..{high:g}"
    return Rule(
        name=f"{column} in range",
        severity=severity,
        expectation="ExpectColumnValuesToBeBetween",
        arguments={"column": column, "min_value": low, "max_value": high},
        sentence=lambda result: _outside(result, f"'{column}' is {limits}"),
    )


def share_of(column: str, least: float, what: str, *, severity: Severity = Severity.WARNING) -> Rule:
    """At least this share of rows has True in a column of truths."""

    def sentence(result: Mapping[str, Any]) -> str:
        rows = result["element_count"]
        return f"{rows - result['unexpected_count']} of {rows} {what}; at least {least:.0%} should."

    return Rule(
        name=column,
        severity=severity,
        expectation="ExpectColumnValuesToBeInSet",
        arguments={"column": column, "value_set": [True], "mostly": least},
        sentence=sentence,
    )


def at_least(column: str, least: float, name: str, what: str, *, severity: Severity) -> Rule:
    """The largest figure of a column of counts reaches `least`; `what` has a place for the count."""
    return Rule(
        name=name,
        severity=severity,
        expectation="ExpectColumnMaxToBeBetween",
        arguments={"column": column, "min_value": least},
        sentence=lambda result: f"{what.format(result['observed_value'])}; at least {least:g} are needed.",
    )


def at_most(column: str, most: float, name: str, what: str, *, severity: Severity = Severity.WARNING) -> Rule:
    """The largest figure of a column stays within `most`; `what` has a place for it."""
    return Rule(
        name=name,
        severity=severity,
        expectation="ExpectColumnMaxToBeBetween",
        arguments={"column": column, "max_value": most},
        sentence=lambda result: f"{what.format(_whole(result['observed_value']))}; at most {most:g} are expected.",
    )


def holds(column: str, sentence: str, *, severity: Severity = Severity.WARNING) -> Rule:
    """Every row has True in a column of truths; the sentence was made with the figures when these were counted."""
    return Rule(
        name=column,
        severity=severity,
        expectation="ExpectColumnValuesToBeInSet",
        arguments={"column": column, "value_set": [True]},
        sentence=lambda _: sentence,
    )


def _whole(figure: float | None) -> str:
    return "no" if figure is None else f"{figure:g}"


def _outside(result: Mapping[str, Any], what: str) -> str:
    return f"In {result['unexpected_count']} of {result['element_count'] - result['missing_count']} rows {what}."
