"""What the data checks found, in sentences with figures and without any row's values."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from components.errors import DataQualityError


class Severity(StrEnum):
    """Whether a failed check stops the work or is only told."""

    CRITICAL = "critical"
    WARNING = "warning"


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """One check: its name ("table: rule"), what its failing means, and one sentence with the figures observed.

    `expectation` is what was asked, in Great Expectations' words; the Data Docs show it.
    """

    name: str
    severity: Severity
    passed: bool
    sentence: str
    expectation: str = ""


@dataclass(frozen=True)
class QualityReport:
    """All checks of one checkpoint, in the order of their suites."""

    subject: str
    results: tuple[CheckResult, ...]

    @property
    def passed(self) -> bool:
        """Whether no critical check failed."""
        return not self.failures

    @property
    def failures(self) -> tuple[CheckResult, ...]:
        """The critical checks that failed."""
        return self._failed(Severity.CRITICAL)

    @property
    def warnings(self) -> tuple[CheckResult, ...]:
        """The other checks that failed."""
        return self._failed(Severity.WARNING)

    def raise_if_critical(self) -> None:
        """Raises DataQualityError with the first critical failure's sentence."""
        if self.passed:
            return
        first, *others = self.failures
        more = f" ({len(others)} more critical checks failed)" if others else ""
        raise DataQualityError(
            f"The data of {self.subject} failed the check '{first.name}': {first.sentence.rstrip('.')}{more}; "
            "correct the data at their source, then run the command again."
        )

    def as_json(self) -> list[dict[str, Any]]:
        """One object a check: name, severity, passed, sentence."""
        return [
            {
                "name": result.name,
                "severity": result.severity.value,
                "passed": result.passed,
                "sentence": result.sentence,
            }
            for result in self.results
        ]

    def _failed(self, severity: Severity) -> tuple[CheckResult, ...]:
        return tuple(result for result in self.results if not result.passed and result.severity is severity)
