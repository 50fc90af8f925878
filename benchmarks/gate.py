"""What the gate lets through: equal candidates, better ones, and better ones that harm one finding; simulated."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from benchmarks._table import markdown
from components.errors import GateError
from components.evaluation import compare
from components.findings import FINDINGS, Finding
from components.promotion import ClauseName, Ledger, Verdict, decide, take_look
from components.settings import GateSettings

_PATIENTS = 400
_COLUMNS = [finding.value for finding in FINDINGS]
_NOW = datetime(2026, 1, 2, tzinfo=UTC)
_HOSPITALS, _IN_A_ROW, _PAIRS = 200, 1000, 200
_BETTER, _HARMED = 0.19, -0.5  # for an AUC about .03 above, and one about .1 below

FloatArray = NDArray[np.float64]


class Simulated:
    """One hospital's locked patients and its champion; candidates see the same studies, more or less clearly."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        shape = (_PATIENTS, len(FINDINGS))
        ill = self._random.normal(size=(_PATIENTS, 1))  # findings go together
        self._truth = (self._random.normal(size=shape) + 0.5 * ill > 1.0).astype(float)
        self._seen = 0.8 * self._random.normal(size=shape)
        self.truth, self.champion = self._table(self._truth), self.candidate(0.0)

    def candidate(self, gain: float | FloatArray) -> pd.DataFrame:
        """Probabilities of a model that sees `gain` more of each finding than the champion."""
        own = 0.6 * self._random.normal(size=self._truth.shape)
        return self._table(expit((1.2 + gain) * self._truth + self._seen + own - 2))

    def _table(self, values: FloatArray) -> pd.DataFrame:
        return pd.DataFrame(values, columns=_COLUMNS)


def run() -> str:
    """Shares of hospitals and of candidates that the gate promotes, with what it is allowed."""
    settings = GateSettings()
    rows = [*_in_a_row(settings), *_pairs(settings)]
    return markdown(["candidates", "promoted", "allowed or wanted", "mean AUC difference", "refused by"], rows)


def _in_a_row(settings: GateSettings) -> list[list[str]]:
    """Equal candidates one after the other, until the looks are spent or one gets through; and each look for itself."""
    let_through, taken, at_alpha = 0, 0, 0
    for seed in range(_HOSPITALS):
        hospital = Simulated(seed)
        with tempfile.TemporaryDirectory() as place:
            verdicts = list(_until_promoted(hospital, Ledger(Path(place) / "ledger.jsonl"), settings))
        taken += len(verdicts)
        let_through += verdicts[-1].promoted
        at_alpha += sum(_passes(verdict, settings.alpha) for verdict in verdicts)
    return [
        [
            f"{_IN_A_ROW:,} equal ones in a row at each of {_HOSPITALS} hospitals, with {settings.looks} looks",
            f"one at {let_through / _HOSPITALS:.1%} of the hospitals",
            f"at most {settings.alpha / 2:.1%}",
            "0",
            "",
        ],
        [
            f"equal, as if one look were granted ({taken:,} looks)",
            f"{at_alpha / taken:.2%}",
            f"at most {settings.alpha / 2:.1%}",
            "0",
            "",
        ],
    ]


def _until_promoted(hospital: Simulated, ledger: Ledger, settings: GateSettings) -> Iterator[Verdict]:
    for _ in range(_IN_A_ROW):
        try:
            verdict, _ = _look(hospital, 0.0, ledger, settings)
        except GateError:  # the looks are spent
            return
        yield verdict
        if verdict.promoted:
            return


def _passes(verdict: Verdict, level: float) -> bool:
    """What the verdict would have been at another level."""
    improved = next(clause for clause in verdict.clauses if clause.name is ClauseName.MEAN_AUC_HIGHER).figures
    others = all(clause.passed for clause in verdict.clauses if clause.name is not ClauseName.MEAN_AUC_HIGHER)
    return others and float(improved["delta"] or 0) > 0 and float(improved["p"] or 1) < level


def _pairs(settings: GateSettings) -> list[list[str]]:
    harmed = np.full(len(FINDINGS), 2 * _BETTER)
    harmed[FINDINGS.index(Finding.PNEUMOTHORAX)] = _HARMED
    return [
        ["better", *_counted(_BETTER, settings, "as often as can be")],
        ["better on average, worse on pneumothorax", *_counted(harmed, settings, "never")],
    ]


def _counted(gain: float | FloatArray, settings: GateSettings, wanted: str) -> list[str]:
    """Share promoted of fresh pairs, each the first look at its hospital, and which clauses refused the others."""
    found = []
    for seed in range(_PAIRS):
        with tempfile.TemporaryDirectory() as place:
            found.append(_look(Simulated(10_000 + seed), gain, Ledger(Path(place) / "ledger.jsonl"), settings))
    refused = Counter(clause.name.value for verdict, _ in found for clause in verdict.clauses if not clause.passed)
    return [
        f"{sum(verdict.promoted for verdict, _ in found) / _PAIRS:.1%} of {_PAIRS}",
        wanted,
        f"{np.mean([difference for _, difference in found]):+.3f}",
        ", ".join(f"{name} ({count})" for name, count in refused.most_common()),
    ]


def _look(
    hospital: Simulated, gain: float | FloatArray, ledger: Ledger, settings: GateSettings
) -> tuple[Verdict, float]:
    """One whole look: counted, compared, judged."""
    look = take_look(ledger, site="local", patients=_PATIENTS, settings=settings, facts={}, now=_NOW)
    found = compare(hospital.truth, hospital.champion, hospital.candidate(gain), settings=settings, seed=0)
    return decide(found, settings, look=look, checks_passed=True), found.overall.delta
