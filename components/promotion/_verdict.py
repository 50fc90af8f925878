"""What the gate says, clause by clause."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Decision(StrEnum):
    """Whether the candidate may replace the champion."""

    PROMOTE = "promote"
    REFUSE = "refuse"


class ClauseName(StrEnum):
    """The conditions of the gate."""

    LABELS_JUDGED = "Labels judged"
    MEAN_AUC_HIGHER = "Mean AUC higher"
    EACH_LABEL_BETTER = "Each label better"
    NO_LABEL_WORSE = "No label worse"
    NO_SUBGROUP_WORSE = "No subgroup worse"
    CALIBRATION_KEPT = "Calibration no worse"
    ABOVE_CHANCE = "Mean AUC above chance"
    DATA_CHECKS = "Data checks"
    LOOKS = "Looks at the locked patients"


_CARRYING = (
    ClauseName.MEAN_AUC_HIGHER,
    ClauseName.EACH_LABEL_BETTER,
    ClauseName.NO_LABEL_WORSE,
    ClauseName.ABOVE_CHANCE,
)


@dataclass(frozen=True, kw_only=True)
class Clause:
    """One condition: whether it holds, in a sentence with its figures, and the figures themselves."""

    name: ClauseName
    passed: bool
    sentence: str
    figures: Mapping[str, float | int | str | None]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The decision and every clause it rests on."""

    clauses: tuple[Clause, ...]

    @property
    def decision(self) -> Decision:
        """Promote only when every clause holds."""
        return Decision.PROMOTE if all(clause.passed for clause in self.clauses) else Decision.REFUSE

    @property
    def promoted(self) -> bool:
        """Whether the decision is to promote."""
        return self.decision is Decision.PROMOTE

    @property
    def sentence(self) -> str:
        """Why, in plain words: what failed, or, when nothing did, the findings that carry the promotion."""
        failed = [clause for clause in self.clauses if not clause.passed]
        told = failed or [clause for clause in self.clauses if clause.name in _CARRYING]
        return " ".join(clause.sentence for clause in told)

    def to_json(self) -> dict[str, Any]:
        """For the ledger and the registry's tags; undefined figures are None."""
        return {
            "decision": self.decision.value,
            "sentence": self.sentence,
            "clauses": [
                {
                    "name": clause.name.value,
                    "passed": clause.passed,
                    "sentence": clause.sentence,
                    "figures": dict(clause.figures),
                }
                for clause in self.clauses
            ],
        }
