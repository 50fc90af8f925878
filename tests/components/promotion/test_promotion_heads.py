"""Holds: a head serves only where the locked patients show it, and the registry gives back what was registered."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from components.errors import ModelError
from components.models import HeadKind, make_head
from components.promotion import HeadRegistry, Ledger, LedgerKind, Registry, head_level, judge_head
from components.settings import GateSettings
from components.training import Head, HeadConfig

NOW = datetime(2026, 3, 1, tzinfo=UTC)
_GATE = GateSettings(min_positives=10)


def _answers(n: int, *, gain: float, rate: float = 0.4) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    present = rng.random(n) < rate
    probability = 1 / (1 + np.exp(-rng.normal(size=n) - gain * present))
    patients = [f"P{number // 2}" for number in range(n)]
    return pd.DataFrame({"patient": patients, "present": present, "probability": probability})


def test_a_clear_head_passes_and_its_interval_is_told() -> None:
    verdict = judge_head(_answers(200, gain=2), level=0.025, settings=_GATE)
    assert verdict.passed
    assert verdict.auc_ci.low < verdict.auc < verdict.auc_ci.high
    assert verdict.n == 200
    assert "better than chance" in verdict.sentence


def test_complete_separation_passes_unless_so_few_patients_may_do_it_by_chance() -> None:
    answers = _answers(60, gain=0)
    clear = answers.assign(probability=answers["present"].astype(float))
    assert judge_head(clear, level=0.025, settings=_GATE).passed
    few = pd.DataFrame({"patient": ["A"] * 20 + ["B"] * 20, "present": [True] * 20 + [False] * 20})
    verdict = judge_head(few.assign(probability=few["present"].astype(float)), level=0.025, settings=_GATE)
    assert not verdict.passed
    assert "p = 0.5" in verdict.sentence


@pytest.mark.parametrize(
    ("answers", "word"),
    [
        (_answers(200, gain=0), "Not shown"),
        (_answers(20, gain=3), "Not judged"),
        (_answers(200, gain=2).assign(present=True), "Not judged"),
        (_answers(0, gain=2), "Not judged"),
        (_answers(200, gain=2).assign(probability=0.5), "says the same of all studies"),
    ],
)
def test_chance_few_studies_or_one_class_do_not_pass(answers: pd.DataFrame, word: str) -> None:
    verdict = judge_head(answers, level=0.025, settings=_GATE)
    assert not verdict.passed
    assert word in verdict.sentence


def test_the_looks_of_a_finding_share_alpha_and_others_do_not_count(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    levels = []
    for _ in range(50):
        levels.append(head_level(ledger.entries(), "tuberculosis", _GATE))
        ledger.append(LedgerKind.LOOK, {"head": "tuberculosis"}, NOW)
    assert levels[0] == pytest.approx(0.025)
    assert sum(levels) < 0.05
    assert head_level(ledger.entries(), "silicosis", _GATE) == levels[0]


def _head(folder: Path, seed: int) -> Path:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = make_head(HeadKind.LINEAR, width=6, dropout=0, outputs=1)
    config = HeadConfig(
        finding="tuberculosis", site="local", kind=HeadKind.LINEAR, width=6, backbones="0" * 64, model_version="3",
        threshold=0.5, learned_from={}, validation_auc=None, created=NOW,
    )  # fmt: skip
    Head(config, network.state_dict()).save(folder)
    return folder


def test_a_registered_head_comes_back_and_an_altered_one_does_not(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    shelf = HeadRegistry(uri, site="local")
    with pytest.raises(ModelError, match="no model yet"):
        shelf.register(_head(tmp_path / "one", 1), params={}, metrics={})
    Registry(uri, artifacts=tmp_path / "artifacts", site="local")
    first = shelf.register(_head(tmp_path / "one", 1), params={"kind": "linear"}, metrics={"auc": 0.8, "low": np.nan})
    second = shelf.register(_head(tmp_path / "two", 2), params={}, metrics={})
    assert (first, second) == ("1", "2")
    assert shelf.champions() == {}
    shelf.promote("tuberculosis", first)
    assert shelf.champions() == {"tuberculosis": "1"}
    fetched = shelf.fetch("tuberculosis", "1", tmp_path / "fetched")
    features = np.ones((1, 6), dtype=np.float32)
    expected = Head.load(tmp_path / "one").probabilities(features)
    assert np.array_equal(Head.load(fetched).probabilities(features), expected)
    (fetched / "head.safetensors").write_bytes((tmp_path / "two" / "head.safetensors").read_bytes())
    again = shelf.fetch("tuberculosis", "1", tmp_path / "fetched")
    assert np.array_equal(Head.load(again).probabilities(features), expected), "fetched anew"
    for file in (tmp_path / "artifacts").rglob("head.safetensors"):
        file.write_bytes((tmp_path / "two" / "head.safetensors").read_bytes() + b" ")
    with pytest.raises(ModelError, match="altered in the registry"):
        shelf.fetch("tuberculosis", "2", tmp_path / "fetched")
