"""What the report card says is new since the champion: data, versions and settings, and nothing that is the same."""

from pathlib import Path
from typing import Any

import pytest

from components.promotion import Registry
from components.quality import SnapshotProfile
from flows._differences import differences
from tests.components.promotion.conftest import make_bundle  # noqa: F401  # a fixture

pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated")


@pytest.fixture
def shelf(tmp_path: Path) -> Registry:
    return Registry(f"sqlite:///{tmp_path / 'mlflow.db'}", artifacts=tmp_path / "artifacts", site="local")


def registered(shelf: Registry, bundle: Path, *, snapshot: str, params: dict[str, Any]) -> str:
    run = shelf.log_training("run", params=params, epochs=[], tags={}, snapshot_hash=snapshot)
    return shelf.register(bundle, run)


def test_only_what_is_not_the_same_is_named_data_first(shelf: Registry, make_bundle: Any, tmp_path: Path) -> None:  # noqa: F811
    same = {"seed": 0, "training.epochs": 10}
    old_bundle, new_bundle = make_bundle(snapshot_hash="a" * 64), make_bundle(snapshot_hash="b" * 64, base_version="1")
    champion = registered(shelf, old_bundle, snapshot="a" * 64, params={**same, "training.learning_rate": 0.001})
    trials = {"strategy": "linear", "trial.linear.validation_auc": "0.8"}
    candidate = registered(
        shelf, new_bundle, snapshot="b" * 64, params={**same, **trials, "training.learning_rate": 0.002}
    )
    for version, studies in ((champion, 1100), (candidate, 1300)):
        profile = SnapshotProfile(
            site="local", studies=studies, patients=900, findings={}, mix={}, labelers=("1",)
        ).model_dump_json()
        file = tmp_path / "profile.json"
        file.write_text(profile)
        shelf.attach(version, file, "profile")

    found = [
        (each.name, each.champion, each.candidate)
        for each in differences(shelf, champion=champion, candidate=candidate)
    ]
    assert found == [
        ("studies", "1,100", "1,300"),
        ("snapshot", "a" * 12, "b" * 12),
        ("fine-tuned from model", "none", "1"),
        ("training.learning_rate", "0.001", "0.002"),
        ("strategy", "–", "linear"),
    ]
    assert differences(shelf, champion=champion, candidate=champion) == ()
