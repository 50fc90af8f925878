"""Holds: a head for a new finding learns from few labels, never from locked patients, and is the same once loaded."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import roc_auc_score

from components.errors import ModelError, TrainingError
from components.training import FittedHead, Head, Source, answers_of, fit_head
from components.training._embeddings import as_embedding

_NOW = datetime(2026, 3, 1, tzinfo=UTC)
_SOURCE = Source(site="local", model_version="3", backbones="0" * 64)


def _labelled(
    patients: int, *, shares: tuple[float, float, float] = (0.5, 0.2, 0.3), rate: float = 0.4
) -> tuple[pd.DataFrame, np.ndarray]:
    """Two images a patient, in one or two studies; feature 3 shows the finding, the others nothing."""
    rng = np.random.default_rng(0)
    sides = rng.choice(["train", "validation", "test"], patients, p=shares)
    present = rng.random(patients) < rate
    rows = pd.DataFrame(
        {
            "study": [f"S{number}.{image if number % 2 else 0}" for number in range(patients) for image in range(2)],
            "patient": np.repeat([f"P{number}" for number in range(patients)], 2),
            "side": np.repeat(sides, 2),
            "present": np.repeat(present, 2),
        }
    )
    features = rng.normal(size=(len(rows), 40))
    features[:, 3] += 3 * rows["present"].to_numpy()
    return rows, features.astype(np.float16).astype(np.float32)  # as embeddings are kept


@pytest.fixture(scope="module")
def small() -> tuple[np.ndarray, Head]:
    """A head from few labels, and the features that it learned from."""
    rows, features = _labelled(60)
    return features, _fit(rows, features).head


def _fit(rows: pd.DataFrame, features: np.ndarray, *, min_positives: int = 10, seed: int = 0) -> FittedHead:
    return fit_head("tuberculosis", rows, features, source=_SOURCE, min_positives=min_positives, seed=seed, now=_NOW)


def test_a_head_learns_and_tells_it_on_patients_it_never_saw() -> None:
    rows, features = _labelled(400)
    fitted = _fit(rows, features)
    locked = (rows["side"] == "test").to_numpy()
    said = answers_of(fitted.head, rows[locked], features[locked])
    assert len(said) == rows.loc[locked, "study"].nunique()
    assert roc_auc_score(said["present"], said["probability"]) > 0.95
    config = fitted.head.config
    assert fitted.folds == 1
    assert set(config.learned_from) == {"train", "validation"}
    assert config.learned_from["train"].patients == rows.loc[rows["side"] == "train", "patient"].nunique()
    assert config.threshold is not None
    called = said["probability"] >= config.threshold
    assert (called == said["present"]).mean() > 0.85


def test_few_labels_are_learned_from_and_judged_in_turn_patient_by_patient() -> None:
    rows, features = _labelled(45, rate=0.3)
    fitted = _fit(rows, features)
    assert fitted.folds == 5
    learnable = rows[rows["side"] != "test"]
    assert set(fitted.unseen.index) == set(learnable["study"])
    assert [trial.chosen for trial in fitted.trials].count(True) == 1
    noise = np.random.default_rng(1).normal(size=features.shape).astype(np.float32)
    # two images of one patient alike: a fold that split a patient would seem to know
    alike = np.repeat(noise[::2], 2, axis=0)
    assert _fit(rows, alike).head.config.validation_auc == pytest.approx(0.5, abs=0.3)


def test_locked_patients_do_not_move_the_head() -> None:
    rows, features = _labelled(200)
    locked = (rows["side"] == "test").to_numpy()
    other = rows.assign(present=rows["present"] ^ locked)
    wild = features + 100 * locked[:, None].astype(np.float32)
    first, second = _fit(rows, features), _fit(other, wild)
    assert np.array_equal(first.head.probabilities(features), second.head.probabilities(features))
    assert first.head.config == second.head.config


def test_same_seed_same_head(small: tuple[np.ndarray, Head]) -> None:
    rows, features = _labelled(60)
    torch.manual_seed(3)  # what the caller drew before is no matter
    again = _fit(rows, features).head
    assert np.array_equal(again.probabilities(features), small[1].probabilities(features))


def test_too_few_patients_are_refused_with_their_number() -> None:
    rows, features = _labelled(40, rate=0.4)
    rows["present"] = rows["patient"] == rows.loc[rows["side"] == "train", "patient"].iloc[0]
    with pytest.raises(TrainingError, match="1 patients with tuberculosis"):
        _fit(rows, features)


def test_a_saved_head_answers_as_before_from_embeddings_and_from_features(
    small: tuple[np.ndarray, Head], tmp_path: Path
) -> None:
    features, head = small
    head.save(tmp_path / "head")
    loaded = Head.load(tmp_path / "head")
    assert loaded.config == head.config
    members = [torch.from_numpy(features[:, :15]), torch.from_numpy(features[:, 15:])]
    assert np.array_equal(loaded.probabilities(members), head.probabilities(features))
    assert np.array_equal(as_embedding(members), features.astype(np.float16))


def test_a_damaged_or_foreign_head_is_refused(small: tuple[np.ndarray, Head], tmp_path: Path) -> None:
    head = small[1]
    head.save(tmp_path / "head")
    other = head.config.model_copy(update={"width": 7})
    (tmp_path / "head" / "head.json").write_text(other.model_dump_json())
    with pytest.raises(ModelError, match="not those of its config"):
        Head.load(tmp_path / "head")
    (tmp_path / "head" / "head.json").write_text('{"format": 1, "finding": "../x"}')
    with pytest.raises(ModelError, match=r"head\.json is wrong"):
        Head.load(tmp_path / "head")
    (tmp_path / "head" / "head.safetensors").unlink()
    (tmp_path / "head" / "head.json").write_text(head.config.model_dump_json())
    with pytest.raises(ModelError, match="lacks"):
        Head.load(tmp_path / "head")
