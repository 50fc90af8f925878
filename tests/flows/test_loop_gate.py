"""Holds that the gate which let the demo's candidate pass refuses one that learned from shuffled labels."""

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from components.catalog import Catalog, LabelEvent, LabelSource, Side
from components.findings import FINDINGS, Assertion
from components.labeler import LABELER_VERSION
from components.labels import CODES, current_labels
from components.promotion import Ledger, LedgerKind
from components.settings import load_settings
from flows._stack import program
from tests.flows.conftest import FinishedDemo

pytestmark = [pytest.mark.slow, pytest.mark.server, pytest.mark.timeout(1800)]


def test_a_candidate_trained_on_shuffled_labels_is_refused(demo: FinishedDemo, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(
        demo.home, home, ignore=shutil.ignore_patterns("hospital", "prefect", "logs", "run", "label-studio")
    )
    _shuffle_the_labels_learned_from(home)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("RADLOOP_", "PREFECT_"))}
    clean["RADLOOP_TRAINING__STRATEGIES"] = '["linear"]'  # the way that shuffled labels cost least time
    command = [program("radloop"), "retrain", "--site", "local", "--home", str(home), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1200, check=False, env=clean)
    assert done.returncode == 0, done.stderr[-3000:]
    result = json.loads(done.stdout)

    assert not result["promoted"]
    assert result["champion"] == result["champion_before"]
    assert not all(clause["passed"] for clause in result["clauses"])
    last = Ledger(load_settings(home).ledger).entries()[-1]
    assert last.kind is LedgerKind.REFUSAL

    asked = [program("radloop"), "promote", result["version"], "--home", str(home)]
    by_hand = subprocess.run(asked, capture_output=True, text=True, check=False, env=clean)
    assert by_hand.returncode == 1
    assert "did not let version" in by_hand.stderr


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
