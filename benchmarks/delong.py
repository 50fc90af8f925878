"""Paired DeLong of two models, 10,000 cases × 14 labels, beside MLstatkit; 2,000 draws; a whole comparison."""

import inspect
import json
import subprocess
import time
import tracemalloc

import numpy as np
import pandas as pd

from benchmarks._table import PEERS, machine, markdown
from components.evaluation import compare, paired_areas
from components.evaluation._bootstrap import mean_auc_draws, strata_of
from components.findings import FINDINGS
from components.settings import Attribute, GateSettings

_CASES, _ROUNDS, _DRAWS = 10_000, 5, 2_000
_PREVALENCE = 0.1


def scores(cases, prevalence):  # type: ignore[no-untyped-def]  # the peer's Python runs this very source
    """Truth and two models' correlated scores, [cases, 14] each."""
    rng = np.random.default_rng(0)
    truth = (rng.random((cases, 14)) < prevalence).astype(float)
    one = truth + rng.normal(0, 1, truth.shape)
    return truth, one, one * 0.5 + truth * 0.6 + rng.normal(0, 0.8, truth.shape)


_PEER = f"""
import json, time
import numpy as np
from MLstatkit import Delong_test
{inspect.getsource(scores)}
truth, one, other = scores({_CASES}, {_PREVALENCE})
seconds, found = [], []
for _ in range({_ROUNDS}):
    start = time.perf_counter()
    found = [Delong_test(truth[:, k], one[:, k], other[:, k]) for k in range(14)]
    seconds.append(time.perf_counter() - start)
print(json.dumps([seconds, [float(values[0]) for values in found]]))
"""


def run() -> str:
    """Milliseconds of all 14 labels together, how far the programs' z differ, memory, and the bootstrap's seconds."""
    truth, one, other = scores(_CASES, _PREVALENCE)
    seconds = []
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        found = [paired_areas(truth[:, k] == 1, one[:, k], other[:, k]) for k in range(14)]
        seconds.append(time.perf_counter() - start)
    answer = subprocess.run([str(PEERS), "-W", "ignore", "-c", _PEER], check=True, capture_output=True, text=True)
    peer_seconds, peer_z = json.loads(answer.stdout)
    apart = max(abs(abs(ours.z) - abs(theirs)) for ours, theirs in zip(found, peer_z, strict=True))
    fast, slow = min(seconds), min(peer_seconds)
    rows = [
        ["radloop, paired DeLong", f"{fast * 1000:.0f} ms", f"{apart:.1e}"],
        ["MLstatkit, paired DeLong", f"{slow * 1000:.0f} ms", f"{slow / fast:.1f} times as long"],
        ["memory at its peak, 10,000 and 100,000 cases", *(f"{_peak(cases):.1f} MB" for cases in (10_000, 100_000))],
        ["mean AUC difference, 2,000 draws, 10,000 patients", f"{_draws():.1f} s", ""],
        ["`compare` as a whole, with 5 attributes of subgroups", f"{_whole():.1f} s", ""],
    ]
    return f"{markdown(['', '', 'largest difference in z, or ratio'], rows)}\n\n{machine()}."


def _peak(cases: int) -> float:
    """Megabytes that one paired test takes at most."""
    truth, one, other = (table[:, 0] for table in scores(cases, _PREVALENCE))
    tracemalloc.start()
    paired_areas(truth == 1, one, other)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


def _draws() -> float:
    truth, one, other = scores(_CASES, _PREVALENCE)
    patients = np.arange(_CASES)
    start = time.perf_counter()
    mean_auc_draws(
        list(truth.T), [list(one.T), list(other.T)],
        patients=patients, strata=strata_of(truth, patients), draws=_DRAWS, seed=0,
    )  # fmt: skip
    return time.perf_counter() - start


def _whole() -> float:
    rng = np.random.default_rng(1)
    names = [finding.value for finding in FINDINGS]
    index = pd.Index([f"S{number}" for number in range(_CASES)], name="study")
    truth, one, other = (pd.DataFrame(table, index=index, columns=names) for table in scores(_CASES, _PREVALENCE))
    groups = pd.DataFrame(
        {attribute.value: rng.choice(["one", "two", "three"], _CASES) for attribute in list(Attribute)[:5]}, index=index
    )
    start = time.perf_counter()
    compare(
        truth, one.rank(pct=True), other.rank(pct=True),
        groups=groups, settings=GateSettings(bootstrap_draws=_DRAWS), seed=0,
    )  # fmt: skip
    return time.perf_counter() - start
