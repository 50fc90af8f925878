"""Running rules as a Great Expectations checkpoint, in memory and silently."""

import logging
import warnings
from collections.abc import Iterable, Mapping, Sequence
from textwrap import shorten
from typing import Any

import pandas as pd

from components.quality._report import CheckResult
from components.quality._rules import Rule
from components.settings import go_offline

_NOT_JUDGED = "The check could not be made: a column is missing, or its values are of a wrong type."

Table = tuple[str, pd.DataFrame, Sequence[Rule]]
"""A table's name, its rows, and what is asked of it."""

_LONGEST_ARGUMENTS = 200
# Counts only: row keys and failing values would otherwise travel in the results.
_COUNTS = {"result_format": "BASIC", "partial_unexpected_count": 0}


def run_checkpoint(tables: Iterable[Table]) -> tuple[CheckResult, ...]:
    """Judges each table; one result a rule, in the order given, named "table: rule"."""
    context = _context()
    results: list[CheckResult] = []
    for name, table, rules in tables:
        results += _judged(context, name, table, rules)
    return tuple(results)


def _judged(context: Any, name: str, table: pd.DataFrame, rules: Sequence[Rule]) -> list[CheckResult]:
    import great_expectations as gx
    from great_expectations import expectations

    suite = gx.ExpectationSuite(name=name)
    for number, rule in enumerate(rules):
        kind = getattr(expectations, rule.expectation)
        suite.add_expectation(kind(**rule.arguments, severity=rule.severity.value, meta={"rule": number}))
    asset = context.data_sources.add_pandas(name).add_dataframe_asset(name)
    batch = asset.add_batch_definition_whole_dataframe(name)
    definition = gx.ValidationDefinition(name=name, data=batch, suite=context.suites.add(suite))
    checkpoint = gx.Checkpoint(
        name=name,
        validation_definitions=[context.validation_definitions.add(definition)],
        result_format=_COUNTS,
    )
    outcome = context.checkpoints.add(checkpoint).run(batch_parameters={"dataframe": table})
    (validation,) = outcome.run_results.values()
    # Great Expectations gives its results in an order of its own.
    found = {result.expectation_config.meta["rule"]: result for result in validation.results}
    return [_result(name, rule, found[number]) for number, rule in enumerate(rules)]


def _result(table: str, rule: Rule, found: Any) -> CheckResult:
    figures: Mapping[str, Any] = found.result
    return CheckResult(
        name=f"{table}: {rule.name}",
        severity=rule.severity,
        passed=bool(found.success),
        # Its own message is left out: it can quote what it stumbled over.
        sentence=rule.sentence(figures) if figures else _NOT_JUDGED,
        expectation=_asked(rule),
    )


def _asked(rule: Rule) -> str:
    arguments = ", ".join(f"{name}={value!r}" for name, value in rule.arguments.items())
    return f"{rule.expectation}({shorten(arguments, _LONGEST_ARGUMENTS, placeholder=' …')})"


def _context() -> Any:
    gx = _imported()
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return context


def _imported() -> Any:
    """Great Expectations, imported on first use (6–9 s) and without its traces on the process."""
    go_offline()
    show = warnings.showwarning
    with warnings.catch_warnings():
        # great_expectations 1.24 imports these names of Python's re module on every Python.
        warnings.filterwarnings("ignore", r"module 'sre_(constants|parse)' is deprecated", DeprecationWarning)
        import great_expectations as gx
        import great_expectations.expectations  # its side effects belong in here as well

        if warnings.showwarning is not show:
            logging.captureWarnings(False)  # it turns everybody's warnings into log lines
    return gx
