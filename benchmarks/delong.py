"""Paired DeLong of two models, 10,000 cases × 14 labels, beside MLstatkit; and 2,000 bootstrap draws."""

import inspect
import json
import subprocess
import time

import numpy as np
import pandas as pd

from benchmarks._table import PEERS, machine, markdown
from components.evaluation import compare, paired_areas
from components.findings import FINDINGS
from components.settings import GateSettings

_CASES, _ROUNDS = 10_000, 5
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
    """Milliseconds of all 14 labels together, and how far the z values of the two programs differ."""
    truth, one, other = scores(_CASES, _PREVALENCE)
    seconds = []
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        found = [paired_areas(truth[:, k] == 1, one[:, k], other[:, k]) for k in range(14)]
        seconds.append(time.perf_counter() - start)
    answer = subprocess.run([str(PEERS), "-W", "ignore", "-c", _PEER], check=True, capture_output=True, text=True)
    peer_seconds, peer_z = json.loads(answer.stdout)
    apart = max(abs(abs(ours.z) - abs(theirs)) for ours, theirs in zip(found, peer_z, strict=True))
    rows = [
        ["radloop", f"{min(seconds) * 1000:.0f}", f"{apart:.1e}"],
        ["MLstatkit", f"{min(peer_seconds) * 1000:.0f}", ""],
        ["bootstrap of the mean difference, 2,000 draws, 10,000 patients", f"{_bootstrap() * 1000:.0f}", ""],
    ]
    return f"{markdown(['', 'ms in all', 'largest difference in z'], rows)}\n\n{machine()}."


def _bootstrap() -> float:
    rng = np.random.default_rng(1)
    names = [finding.value for finding in FINDINGS]
    index = pd.Index([f"S{number}" for number in range(_CASES)], name="study")
    truth = pd.DataFrame((rng.random((_CASES, 14)) < _PREVALENCE).astype(np.float32), index=index, columns=names)
    scores = [truth * 0.3 + rng.random(truth.shape) * 0.7 for _ in range(2)]
    patients = pd.Series(index, index=index)
    start = time.perf_counter()
    compare(truth, *scores, patients=patients, settings=GateSettings(bootstrap_draws=2000), seed=0)
    return time.perf_counter() - start
