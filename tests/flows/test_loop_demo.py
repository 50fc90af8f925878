"""Holds what the demo promises: a better model in service, equal scores, no identity downstream, loopback alone.

And that the gate which let its candidate pass refuses one that learned from shuffled labels.
"""

import csv
import io
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pydicom
import pytest
from mlflow import MlflowClient

from components.catalog import Catalog, LabelEvent, LabelSource, Side
from components.deidentify import Pseudonymiser, load_or_create_key
from components.findings import FINDINGS, Assertion, Finding
from components.labeler import LABELER_VERSION
from components.labels import CODES, current_labels
from components.promotion import Ledger, LedgerKind, Registry
from components.relabeling import label_studio_installed
from components.settings import load_settings
from flows._learning import WAYS
from flows.cli._demo import study_to_ask_about
from flows.efficiency import last_study
from tests.flows.conftest import FinishedDemo, radloop_json, run_radloop

pytestmark = [pytest.mark.slow, pytest.mark.server, pytest.mark.timeout(1800)]

# Upstream of de-identification, or encrypted and apart: these may hold identities.
_IDENTIFIED = ("hospital", "quarantine", "secrets", "crosswalk")


def test_the_candidate_beats_the_base_and_is_promoted(demo: FinishedDemo) -> None:
    result = demo.found["retrain"]
    overall = result["comparison"]["overall"]
    assert overall["delta"] >= 0.03
    assert overall["delta_ci"][0] > 0
    assert result["bootstrap_p"] < 0.05
    assert overall["wilcoxon_p"] < 0.05
    assert result["promoted"]
    registry = Registry(demo.settings.tracking, artifacts=demo.settings.artifacts, site="local")
    assert registry.champion_version() == result["version"]
    run = MlflowClient(demo.settings.tracking).get_run(registry.model(result["version"]).run_id)
    assert run.data.metrics["mean_auc"] == pytest.approx(overall["mean_auc_b"])


def test_it_stays_within_eight_gigabytes(demo: FinishedDemo) -> None:
    assert 0 < demo.found["peak_memory_mb"] < 8 * 1024


def test_everything_sent_is_accounted_for(demo: FinishedDemo) -> None:
    for counts in demo.found["ingest"].values():
        parts = counts["accepted"] + counts["duplicates"] + counts["waiting"] + sum(counts["quarantined"].values())
        assert counts["received"] == parts > 0
        assert counts["quarantined"] == {}


def test_the_service_says_what_the_evaluation_said(demo: FinishedDemo) -> None:
    settings, answer = demo.settings, demo.found["service"]
    files = study_to_ask_about(demo.home)
    asked = pydicom.dcmread(files[0], stop_before_pixels=True)
    key = load_or_create_key(settings.pseudonym_key)
    study = Pseudonymiser(key, max_shift_days=settings.deidentify.max_shift_days).uid(asked.StudyInstanceUID)
    with Catalog.open(settings.catalog.get_secret_value()) as catalog:
        scores = catalog.predictions(answer["model_version"])
    expected = scores[scores["study"] == study].set_index("finding")["probability"]
    assert len(expected) == len(FINDINGS)
    # Asked with its lateral beside it, yet read from the frontal alone: the demo's profile trains no DuoNet.
    assert len(files) == 2
    assert not answer["both_views"]
    for finding in FINDINGS:
        assert answer["findings"][finding]["probability"] == pytest.approx(expected[finding], abs=1e-5)
    positive = [name for name, said in answer["findings"].items() if said["positive"] and name != Finding.NO_FINDING]
    assert (answer["overlay"] is None) == (not positive)
    if positive:
        assert answer["overlay"]["image"].startswith("data:image/png;base64,")


def test_readings_win_over_the_labeller(demo: FinishedDemo) -> None:
    if not label_studio_installed():
        pytest.skip("Label Studio is not installed: run `make label-studio`")
    assert demo.found["readings"]["readings"] == 3
    with Catalog.open(demo.settings.catalog.get_secret_value()) as catalog:
        events = catalog.label_events("local")
    read = events[events["source"] == LabelSource.READER.value]
    assert read["study"].nunique() == 3
    codes = current_labels(events)
    said = {"present": 1, "absent": 0, "uncertain": -1}
    for row in read.itertuples():
        assert codes.loc[row.study, row.finding] == said[row.assertion]


def test_no_identity_in_any_byte_downstream(demo: FinishedDemo) -> None:
    markers = _markers(demo.home / "hospital")
    assert len(markers) > 5000
    planted = demo.home / "hospital" / "local" / "export"
    assert any(_found(file.read_bytes(), markers) for file in sorted(planted.rglob("*.dcm"))[:3]), (
        "the search finds none"
    )
    leaks = {
        str(file.relative_to(demo.home)): sorted(found)[:3]
        for file, content in _downstream(demo.home)
        if (found := _found(content, markers) | _found(str(file.name).encode(), markers))
    }
    assert leaks == {}
    assert not _found(demo.told.encode(), markers)


def test_it_ran_with_loopback_alone(demo: FinishedDemo) -> None:
    if not demo.isolated:
        pytest.skip("this system does not allow a network namespace (unshare --net)")
    assert demo.found["retrain"]["version"], "the whole loop ran where no outside address exists"


def test_the_ledger_tells_the_story_whole(demo: FinishedDemo) -> None:
    kinds = [entry.kind.value for entry in Ledger(demo.settings.ledger).entries()]
    assert kinds == ["look", "verdict", "promotion", "promotion"] * 2  # begun and done


def test_the_report_card_stands_alone(demo: FinishedDemo) -> None:
    card = Path(demo.found["where"]["report_card"])
    page = card.read_text()
    assert "<svg" in page
    if shutil.which("chromium"):
        assert card.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
    assert not re.search(r"(src|href)=\"https?://", page)
    assert demo.found["retrain"]["sentence"].split(":")[0] in page


def test_a_candidate_trained_on_shuffled_labels_is_refused(demo: FinishedDemo, tmp_path: Path) -> None:
    home = demo.copied_to(tmp_path / "home")
    _shuffle_the_labels_learned_from(home)
    least_time = '["linear"]'  # of the ways to learn shuffled labels
    result = radloop_json("retrain", "--site", "local", home=home, timeout=1200, TRAINING__STRATEGIES=least_time)
    assert not result["promoted"]
    assert result["champion"] == result["champion_before"]
    assert not all(clause["passed"] for clause in result["clauses"])
    last = Ledger(load_settings(home).ledger).entries()[-1]
    assert last.kind is LedgerKind.REFUSAL

    by_hand = run_radloop("promote", result["version"], home=home)
    assert by_hand.returncode == 1
    assert "did not let version" in by_hand.stderr


def test_efficiency_leaves_its_study_beside_the_run_and_looks_at_no_locked_patient(
    demo: FinishedDemo, tmp_path: Path
) -> None:
    home = demo.copied_to(tmp_path / "home")
    few = ("--images", "15", "--repeats", "1")
    briefly = {"TRAINING__EPOCHS": "1", "TRAINING__WORKERS": "0"}  # how good they get is the benchmark's
    found = radloop_json("efficiency", "--site", "local", *few, home=home, timeout=1200, **briefly)
    assert {(point["strategy"], point["images"]) for point in found["points"]} == {(way.title, 15) for way in WAYS}
    assert "What local images buy" in Path(found["page"]).read_text()

    settings = demo.settings.model_copy(update={"home": home})
    study = last_study(settings, "local")
    assert study is not None
    assert [mapped.title for mapped in study.maps] == ["Generic weights", "The base model"]
    looks = [
        sum(entry.kind is LedgerKind.LOOK for entry in Ledger(place).entries())
        for place in (demo.settings.ledger, settings.ledger)
    ]
    assert looks[0] == looks[1]
    shelf = Registry(settings.tracking, artifacts=settings.artifacts, site=settings.site)
    champion = shelf.champion_version()
    assert champion is not None
    assert shelf.attachment(champion, "efficiency") is not None


def _shuffle_the_labels_learned_from(home: Path) -> None:
    """Later labels for the training and validation studies: each study gets another one's, drawn at random."""
    settings = load_settings(home)
    assertions: dict[int, Assertion] = {code: assertion for assertion, code in CODES.items()}
    with Catalog.open(settings.catalog.get_secret_value()) as catalog:
        sides = catalog.sides("local")
        patients = catalog.studies("local").set_index("study")["patient"]
        codes = current_labels(catalog.label_events("local"))
        learned = [study for study in codes.index if sides[patients[study]] is not Side.TEST]
        others = np.random.default_rng(1).permutation(learned)
        added = catalog.append_label_events(
            [
                LabelEvent(
                    study=study,
                    finding=finding,
                    assertion=assertions[int(codes.loc[other, finding])],
                    source=LabelSource.LABELER,
                    author=LABELER_VERSION,  # as if it read so: two versions in one snapshot would stop the training
                    at=datetime.now(UTC),
                    key=f"shuffled:{study}:{finding}",
                )
                for study, other in zip(learned, others, strict=True)
                for finding in FINDINGS
            ]
        )
    assert added == len(learned) * len(FINDINGS)


def _markers(hospitals: Path) -> frozenset[bytes]:
    """Every marker's searchable parts, lower case: rare words, numbers, UIDs, phone numbers."""
    parts: set[bytes] = set()
    for table in hospitals.glob("*/identities.csv"):
        with table.open(newline="") as rows:
            for row in csv.DictReader(rows):
                parts |= set(_candidates(row["marker"].lower().encode()))
    return frozenset(parts)


def _candidates(content: bytes) -> Iterator[bytes]:
    """What may be a marker: a rare word or number, a UID under the invented root, a phone number."""
    for match in re.finditer(
        rb"qz[a-z0-9]{6,}|1\.2\.826\.0\.1\.3680043\.8\.498\.\d{20,}|\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}", content
    ):
        yield match.group()


def _found(content: bytes, markers: frozenset[bytes]) -> set[bytes]:
    return set(_candidates(content.lower())) & markers


def _downstream(home: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file that may hold no identity, and what compressed tables hold once unpacked."""
    for file in sorted(home.rglob("*")):
        if file.is_file() and file.relative_to(home).parts[0] not in _IDENTIFIED:
            yield file, file.read_bytes()
            if file.suffix == ".parquet":
                text = io.StringIO()
                pd.read_parquet(file).to_csv(text)
                yield file, text.getvalue().encode()
