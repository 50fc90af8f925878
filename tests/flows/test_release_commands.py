"""Holds a release from look to way back on a real catalog, MLflow and ledger: judged, approved, traced, proved, undone.

Training is left out: the candidates are untrained models whose scores are made up from the truth.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from scipy.special import expit

from components.catalog import Catalog, LabelSource, Side
from components.datasets import Snapshot, freeze
from components.errors import GateError
from components.findings import FINDINGS, Assertion
from components.models import ModelConfig, StudyNet, save_model
from components.promotion import Ledger, LedgerKind, Preprocessing, Verdict, write_bundle
from components.quality import QualityReport
from components.settings import Architecture, Settings, load_settings
from components.training import TrainingResult
from flows import _judging
from flows._modelling import Candidate, registry
from flows.cli import main
from flows.promote import promote
from tests.catalog_records import add_study, event, image, study

pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated")

NOW = datetime(2026, 1, 2, tzinfo=UTC)
CHECKS = QualityReport("the snapshot of local", ())
SETTINGS = "[gate]\napproval = true\nlooks = 3\nmin_positives = 5\nbootstrap_draws = 400\n[imaging]\nsize = 32\n"


@dataclass
class Hospital:
    """A home with one frozen snapshot, and a way to candidates that know more or less of the truth."""

    settings: Settings
    snapshot: Snapshot
    run: Callable[..., tuple[int, str, str]]

    def candidate(self, number: int, base: str | None) -> Candidate:
        folder = self.settings.home / "runs" / f"candidate-{number}"
        config = ModelConfig(members=(Architecture.MOBILENETV2,), image_size=32, dropout=0.0)
        torch.manual_seed(number)
        save_model(StudyNet(config).eval(), folder / "model")
        bundle = write_bundle(
            folder / "bundle",
            folder / "model",
            site="local",
            thresholds=dict.fromkeys(FINDINGS, 0.5),
            preprocessing=Preprocessing(version="1", size=32, crop_borders=True),
            labeler_version="7",
            snapshot_hash=self.snapshot.hash,
            base_version=base,
            code_version="test",
            now=NOW,
        )
        shelf = registry(self.settings)
        run = shelf.log_training("test", params={"seed": number}, epochs=[], tags={}, snapshot_hash=self.snapshot.hash)
        training = TrainingResult.__new__(TrainingResult)  # which nothing here reads
        return Candidate(version=shelf.register(bundle, run), run_id=run, bundle=bundle, training=training)

    def scores(self, knowledge: float) -> pd.DataFrame:
        truth = self.snapshot.truth(Side.TEST)
        noise = np.random.default_rng(round(knowledge * 10)).normal(size=truth.shape)
        return pd.DataFrame(expit(knowledge * truth + noise - 1), index=truth.index, columns=truth.columns)

    def judge(self, candidate: Candidate, champion: Candidate, better: float) -> Verdict:
        verdict: Verdict = _judging.judge.fn(  # type: ignore[attr-defined]  # outside a flow
            self.snapshot,
            self.scores(0.5),
            self.scores(better),
            champion=champion.bundle.rename(champion.bundle.with_name(champion.version)),
            candidate=candidate,
            checks=CHECKS,
            settings=self.settings,
        )[1]
        return verdict

    def kinds(self) -> list[LedgerKind]:
        return [entry.kind for entry in Ledger(self.settings.ledger).entries()]


@pytest.fixture
def hospital(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Hospital]:
    home = tmp_path / "home"
    home.mkdir()
    (home / "radloop.toml").write_text(SETTINGS)
    settings = load_settings(home)
    monkeypatch.setattr(
        _judging, "create_table_artifact", lambda *_, **__: None
    )  # Prefect's server takes 20 s to start

    def run(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()  # what was said before
        with pytest.raises(SystemExit) as ended:
            main([*words, "--home", str(home)])
            raise SystemExit(0)
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    yield Hospital(settings, _frozen(settings), run)


def _frozen(settings: Settings) -> Snapshot:
    """100 patients of one study each, a quarter with each finding."""
    random = np.random.default_rng(0)
    picture = Path(settings.store.path) / "input" / "all.png"
    picture.parent.mkdir(parents=True)
    Image.fromarray(np.zeros((32, 32), np.uint8)).save(picture)
    with Catalog.open(settings.catalog.get_secret_value()) as catalog:
        for number in range(100):
            name = f"2.25.{number}"
            add_study(
                catalog,
                study(name, patient=f"P{number:016x}", sex="FM"[number % 2]),
                [image(f"{name}.1", name, input_key="input/all.png")],
            )
            said = random.random(14) < 0.3
            catalog.append_label_events(
                [
                    event(
                        f"{name}:{finding}",
                        name,
                        finding=finding,
                        source=LabelSource.READER,
                        author="reader-1",
                        assertion=(Assertion.ABSENT, Assertion.PRESENT)[has],
                    )
                    for finding, has in zip(FINDINGS, said.astype(int), strict=True)
                ]
            )
        return freeze(
            catalog, store=settings.store, site="local", folder=settings.home / "runs" / "first" / "snapshot", size=32,
            split=settings.split.model_copy(update={"test": 0.6}), uncertain=settings.training.uncertain, seed=1,
            preprocessing="1",
        )  # fmt: skip


def _json(said: tuple[int, str, str]) -> dict[str, Any]:
    code, out, err = said
    assert code == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


def test_a_release_from_the_first_look_to_the_way_back(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    first = hospital.candidate(1, base=None)
    _judging.judge_first.fn(hospital.snapshot, hospital.scores(1.0), first, CHECKS, hospital.settings)  # type: ignore[attr-defined]
    assert not _judging.promote.fn(first, hospital.settings), "it waits"  # type: ignore[attr-defined]

    code, _, err = hospital.run("promote", "1")
    assert (code, len(err.strip().splitlines())) == (1, 1)
    assert "waits for approval" in err
    code, _, err = hospital.run("promote", "1", "--approver", "Quality officer")
    assert code == 1
    assert "--words" in err
    approval = ("--approver", "Quality officer", "--words", "reviewed by Dr. Quill")
    assert _json(hospital.run("promote", "1", *approval, "--json")) == {"champion": "1"}

    second = hospital.candidate(2, base="1")
    assert hospital.judge(second, first, better=4.0).promoted
    monkeypatch.setenv("RADLOOP_HOME", str(hospital.settings.home))
    by_deployment = promote.fn(None, approver="Quality officer", words="better for all")
    assert by_deployment == {"champion": "2", "approver": "Quality officer"}
    assert registry(hospital.settings).champion_version() == "2"
    entries = Ledger(hospital.settings.ledger).entries()
    assert [entry.kind.value for entry in entries] == [
        "look", "verdict", "approval", "promotion", "promotion",
        "look", "verdict", "approval", "promotion", "promotion",
    ]  # fmt: skip
    assert "Quill" not in hospital.settings.ledger.read_text(), "a name with a title is taken out of the words"
    assert entries[5].body["policy"]["max_label_loss"] == 0.02, "criteria are on record before the verdict"

    _holds_the_trace(hospital)
    _holds_the_evidence(hospital)

    found = _json(hospital.run("ledger", "verify", "--json"))
    assert found == {"entries": 10, "whole": True, "head": entries[-1].hash}
    assert _json(hospital.run("rollback", "--withdraw", "misses devices", "--json")) == {"champion": "1"}
    code, _, err = hospital.run("promote", "2", "--approver", "Quality officer", "--words", "again")
    assert (code, "was withdrawn" in err) == (1, True)
    for file in (hospital.settings.ledger, hospital.settings.ledger.with_suffix(".head")):
        file.unlink()
    code, _, err = hospital.run("ledger", "verify")
    assert (code, "2 that were known are not among them" in err) == (1, True)


def _holds_the_trace(hospital: Hospital) -> None:
    locked = hospital.snapshot.rows(Side.TEST)["study"].iloc[0]
    found = _json(hospital.run("trace", "--study", locked, "--json"))
    assert (found["version"], found["snapshot"]) == ("2", hospital.snapshot.hash)
    assert [base["version"] for base in found["base"]] == ["1"]
    assert found["studies"]["test"] == len(hospital.snapshot.truth(Side.TEST))
    assert (found["study"]["side"], len(found["study"]["events"])) == ("test", 14)
    assert found["study"]["events"][0]["author"] == "reader-1"
    code, out, _ = hospital.run("trace", "2", "--study", locked)
    assert code == 0
    assert "by reader reader-1" in out
    code, _, err = hospital.run("trace", "--study", "2.25.9999")
    assert (code, "no study of this pseudonym" in err) == (1, True)


def _holds_the_evidence(hospital: Hospital) -> None:
    found = _json(hospital.run("evidence", "champion", "--json"))
    page, document = Path(found["page"]).read_text(), json.loads(Path(found["json"]).read_text())
    assert document["decision"] == "promote"
    assert all(section["missing"] == [] for section in document["sections"])
    assert "Quality officer" in page
    assert "Dr." not in page
    results = registry(hospital.settings).attachment("2", "results")
    assert results is not None
    altered = hospital.settings.home / "results.json"
    altered.write_bytes(results.replace(b'"mean_auc_b": 0.', b'"mean_auc_b": 1.'))
    registry(hospital.settings).attach("2", altered, "results")
    code, _, err = hospital.run("evidence", "2")
    assert (code, "they were altered" in err) == (1, True)
    altered.write_bytes(results)
    registry(hospital.settings).attach("2", altered, "results")


def test_spent_looks_refuse_before_anything_is_trained_and_a_named_person_opens_more(hospital: Hospital) -> None:
    settings, snapshot = hospital.settings, hospital.snapshot
    candidate = hospital.candidate(1, base=None)
    for _ in range(3):
        _judging.require_look.fn(snapshot, settings)  # type: ignore[attr-defined]
        _judging.judge_first.fn(snapshot, hospital.scores(1.0), candidate, CHECKS, settings)  # type: ignore[attr-defined]
    with pytest.raises(GateError, match="3 looks at the locked patients of local are spent"):
        _judging.require_look.fn(snapshot, settings)  # type: ignore[attr-defined]
    assert hospital.kinds().count(LedgerKind.LOOK) == 3
    code, out, _ = hospital.run("ledger", "rotate", "--approver", "Quality officer", "--words", "agreed in the meeting")
    assert (code, "a new round of 3 looks" in out) == (0, True)
    _judging.require_look.fn(snapshot, settings)  # type: ignore[attr-defined]
