"""Splits of 50,000 studies of 30,000 patients by 14 labels, beside iterative-stratification without groups."""

import json
import subprocess

import numpy as np

from benchmarks._table import PEERS, machine, markdown, side_by_side
from components.catalog import Side
from components.datasets import assign_sides
from components.settings import SplitSettings

_STUDIES, _PATIENTS, _ROUNDS = 50_000, 30_000, 3
_PREVALENCES = (0.03, 0.1, 0.25, 0.04, 0.35, 0.2, 0.13, 0.05, 0.3, 0.05, 0.4, 0.02, 0.03, 0.5)
_LEAST_POSITIVES = 100
_PEER = f"""
import json, time
import numpy as np
from iterstrat.ml_stratifiers import MultilabelStratifiedKFold
rng = np.random.default_rng(0)
labels = rng.random(({_STUDIES}, {len(_PREVALENCES)})) < {_PREVALENCES}
seconds = []
for _ in range({_ROUNDS}):
    start = time.perf_counter()
    folds = [test for _, test in MultilabelStratifiedKFold(5, shuffle=True, random_state=0).split(labels, labels)]
    seconds.append(time.perf_counter() - start)
off = max(abs(labels[fold].mean(0) / labels.mean(0) - 1).max() for fold in folds)
print(json.dumps([sorted(seconds)[len(seconds) // 2], float(off)]))
"""


def run() -> str:
    """Seconds, the label whose share is furthest off on any side, and patients on two sides."""
    rng = np.random.default_rng(0)
    owners = np.concatenate([np.arange(_PATIENTS), rng.integers(0, _PATIENTS, _STUDIES - _PATIENTS)])
    patients = [f"P{owner:06d}" for owner in owners]
    labels = rng.random((_STUDIES, len(_PREVALENCES))) < _PREVALENCES

    def split() -> dict[str, Side]:
        return assign_sides(labels, patients, settings=SplitSettings(), seed=0, fixed={})

    seconds = sorted(side_by_side({"radloop": split}, rounds=_ROUNDS)["radloop"])[_ROUNDS // 2]
    of_patient = split()
    side = np.array([of_patient[patient].value for patient in patients])
    judged = labels[:, labels.sum(axis=0) >= _LEAST_POSITIVES]
    off = max(abs(judged[side == one].mean(0) / judged.mean(0) - 1).max() for one in np.unique(side))
    peer_seconds, peer_off = json.loads(
        subprocess.run([str(PEERS), "-W", "ignore", "-c", _PEER], check=True, capture_output=True, text=True).stdout
    )
    rows = [
        ["radloop, by patient, three sides", seconds, f"{off:.2%}", 0],
        ["iterative-stratification, no groups, five folds", peer_seconds, f"{peer_off:.2%}", "not its matter"],
    ]
    columns = ["", "seconds", "share furthest off (relative)", "patients on two sides"]
    return f"{markdown(columns, rows)}\n\n{machine()}."
