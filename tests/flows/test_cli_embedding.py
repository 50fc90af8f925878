"""Holds `radloop embed` and `fit-head` from outside: a hospital's own numbers in, a judged head in the registry out."""

import io
import json
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from components.catalog import Catalog, ImageRecord, StudyRecord, View
from components.deidentify import open_identities
from components.findings import FINDINGS
from components.imaging import PREPROCESSING_VERSION
from components.models import ModelConfig, StudyNet, load_model, prepare, save_model
from components.promotion import (
    Alias,
    HeadRegistry,
    Ledger,
    LedgerKind,
    Preprocessing,
    Registry,
    write_bundle,
)
from components.settings import Architecture, Settings, load_settings
from components.training import Head, backbones_digest
from flows.cli import main
from flows.embedding import refit_heads
from tests.catalog_records import add_study

NOW = datetime(2026, 3, 1, tzinfo=UTC)
_PATIENTS = 120
Run = Callable[..., tuple[int, str, str]]


def _shows(number: int) -> bool:
    return number % 3 == 0


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A hospital of 120 patients, a study each, and a champion that was never trained; a disc is the new finding."""
    settings = load_settings(
        tmp_path_factory.mktemp("embedding") / "home",
        imaging={"size": 32},
        training={"workers": 0, "threads": 1},
        gate={"min_positives": 5},
    )
    settings.home.mkdir(exist_ok=True)
    (settings.home / "radloop.toml").write_text(
        "[imaging]\nsize = 32\n[training]\nworkers = 0\nthreads = 1\n[gate]\nmin_positives = 5\n"
    )
    with (
        open_identities(settings) as identities,
        Catalog.open(settings.catalog.get_secret_value()) as catalog,
    ):
        for number in range(_PATIENTS):
            names = identities.pseudonymiser
            study = names.uid(f"1.2.3.{number}")
            record = StudyRecord(
                study=study, patient=names.patient(f"PID-{number}"), accession=names.accession(f"ACC-{number}"),
                site="local", date=date(2025, 1, 1), age=50, sex="F", modality="DX", manufacturer="Vendor",
            )  # fmt: skip
            add_study(catalog, record, [_image(settings, study, number)])
    _champion(settings)
    return settings


def _picture(number: int) -> np.ndarray:
    pixels = np.random.default_rng(number).integers(60, 120, (32, 32), dtype=np.uint8)
    disc = (np.hypot(*(np.mgrid[:32, :32] - 16)) < 8).astype(np.uint8) * 110
    return np.asarray(pixels + disc * np.uint8(_shows(number)))


def _image(settings: Settings, study: str, number: int) -> ImageRecord:
    stream = BytesIO()
    Image.fromarray(_picture(number)).save(stream, "PNG")
    key = f"input/{study}.png"
    (settings.store / key).parent.mkdir(parents=True, exist_ok=True)
    (settings.store / key).write_bytes(stream.getvalue())
    return ImageRecord(
        image=f"{study}.1", study=study, view=View.PA, dicom_key=f"dicom/{study}.dcm", input_key=key,
        rows=32, columns=32, sha256=f"{number:064d}",
    )  # fmt: skip


def _champion(settings: Settings, seed: int = 0) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = StudyNet(ModelConfig(members=(Architecture.MOBILENETV2,), image_size=32, dropout=0.0)).eval()
    save_model(model, settings.home / "model")
    bundle = write_bundle(
        settings.home / f"bundle-{seed}",
        settings.home / "model",
        site="local",
        thresholds=dict.fromkeys(FINDINGS, 0.5),
        preprocessing=Preprocessing(version=PREPROCESSING_VERSION, size=32, crop_borders=True),
        labeler_version="1",
        snapshot_hash="ab" * 32,
        base_version=None,
        code_version="test",
        now=NOW,
    )
    shelf = Registry(settings.tracking, artifacts=settings.artifacts, site="local")
    run = shelf.log_training("run", params={}, epochs=[], tags={}, snapshot_hash="ab" * 32)
    shelf.point({Alias.CHAMPION: shelf.register(bundle, run)})


@pytest.fixture
def radloop(home: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in the home; exit code, standard output and standard error."""

    def run(*words: str, typed: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        with pytest.raises(SystemExit) as ended:
            main([*words, "--home", str(home.home)])
            raise SystemExit(0)
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


def _table(folder: Path, rows: dict[str, list[str]]) -> Path:
    file = folder / "labels.csv"
    pd.DataFrame(rows).to_csv(file, index=False)
    return file


def _tuberculosis(folder: Path, **others: list[str]) -> Path:
    accessions = [f"ACC-{number}" for number in range(_PATIENTS)]
    labels = ["1" if _shows(number) else "0" for number in range(_PATIENTS)]
    labels[1], labels[2] = "-1", ""
    return _table(folder, {"accession": [*accessions, "ACC-UNKNOWN"], "Tuberculosis": [*labels, "1"], **others})


def test_every_image_is_embedded_once(home: Settings, radloop: Run) -> None:
    code, out, _ = radloop("embed", "--json")
    first = json.loads(out)
    assert (code, first["images"], first["new"] + 0 <= _PATIENTS) == (0, _PATIENTS, True)
    again = json.loads(radloop("embed", "--json")[1])
    assert again["new"] == 0
    files = list((home.home / "embeddings" / first["version"]).glob("*.parquet"))
    assert sum(pq.read_metadata(file).num_rows for file in files) == _PATIENTS
    content = b"".join(file.read_bytes() for file in files)
    assert b"PID-" not in content
    assert b"ACC-" not in content


def test_a_head_for_a_new_finding_goes_from_labels_to_service(home: Settings, radloop: Run, tmp_path: Path) -> None:
    code, out, err = radloop("fit-head", str(_tuberculosis(tmp_path)), "--json")
    assert (code, err) == (0, "")
    [head] = json.loads(out)["heads"]
    assert (head["finding"], head["rows"], head["unknown"], head["in_service"]) == ("tuberculosis", 121, 1, True)
    assert head["auc"] > 0.9
    assert head["n"] + sum(side["studies"] for side in head["learned_from"].values()) == _PATIENTS - 2
    shelf = HeadRegistry(home.tracking, site="local")
    assert shelf.champions() == {"tuberculosis": head["version"]}
    folder = shelf.fetch("tuberculosis", head["version"], tmp_path / "heads")
    served = Head.load(folder)
    assert served.config.backbones == backbones_digest(home.home / "model")
    model = load_model(home.home / "model")
    pictures = torch.from_numpy(np.stack([_picture(number) for number in range(12)]))
    said = served.probabilities(model.solo.features(prepare(pictures, 32)))
    assert said[[0, 3, 6, 9]].min() > np.delete(said, [0, 3, 6, 9]).max(), "as the service asks it"
    kinds = [entry.kind for entry in Ledger(home.ledger).entries()]
    assert kinds == [LedgerKind.LOOK, LedgerKind.VERDICT]
    assert "ACC-" not in home.ledger.read_text()

    code, out, _ = radloop("fit-head", "--json")  # for another champion say: from the labels kept
    [again] = json.loads(out)["heads"]
    assert (code, again["auc"], again["version"]) == (0, head["auc"], "2")


def test_a_finding_that_the_pictures_do_not_show_is_not_put_into_service(
    home: Settings, radloop: Run, tmp_path: Path
) -> None:
    chance = np.random.default_rng(4).integers(0, 2, _PATIENTS).astype(str)
    file = _table(tmp_path, {"study": [f"1.2.3.{number}" for number in range(_PATIENTS)], "hospitalised": list(chance)})
    code, out, _ = radloop("fit-head", str(file))
    assert code == 0
    assert "not in service" in out
    assert "Not shown to be better than chance" in out
    assert "hospitalised" not in HeadRegistry(home.tracking, site="local").champions()


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        ({"study": ["ACC-1", "ACC-2"]}, "no column after the first"),
        ({"study": ["ACC-1"], "x": ["maybe"]}, "row 2 does not"),
        ({"study": ["ACC-1", "ACC-1"], "x": ["1", "0"]}, "both 1 and 0"),
        ({"study": ["QZ-17"], "x": ["1"]}, "None of the 1 rows"),
        ({"study": ["ACC-1"], "7 x": ["1"]}, "is no finding's"),
        ({"study": ["ACC-1", "ACC-2"], "x": ["1", "0"]}, "2 of each"),
    ],
)
def test_a_wrong_table_is_refused_in_one_line_without_its_identifiers(
    radloop: Run, tmp_path: Path, rows: dict[str, list[str]], word: str
) -> None:
    code, _, err = radloop("fit-head", str(_table(tmp_path, rows)))
    assert code == 1
    assert len(err.strip().splitlines()) == 1
    assert word in err
    assert not any(secret in err for secret in ("ACC-", "QZ-17"))


def test_a_forgotten_patients_embeddings_and_labels_go_too(home: Settings, radloop: Run) -> None:
    with open_identities(home) as identities:
        patient = identities.pseudonymiser.patient("PID-5")
    tables = [*home.home.glob("embeddings/*/*.parquet"), *home.home.glob("heads/*/*.parquet")]
    assert any(patient in pq.read_table(file)["patient"].to_pylist() for file in tables)
    code, out, err = radloop("forget", "--yes", "--json", "--reason", "consent withdrawn by letter", typed="PID-5\n")
    assert (code, err) == (0, "")
    assert json.loads(out)["heads"] == ["hospitalised", "tuberculosis"]
    tables = [*home.home.glob("embeddings/*/*.parquet"), *home.home.glob("heads/*/*.parquet")]
    assert tables
    assert not any(patient in pq.read_table(file)["patient"].to_pylist() for file in tables)


def test_after_a_new_champion_the_heads_read_its_features(home: Settings, tmp_path: Path) -> None:
    shelf = HeadRegistry(home.tracking, site="local")
    before = shelf.champions()
    refit_heads(home)
    assert shelf.champions() == before, "the networks are still those that the heads read"
    _champion(home, seed=1)
    refit_heads(home)
    [(finding, version)] = shelf.champions().items()
    assert (finding, version != before["tuberculosis"]) == ("tuberculosis", True)
    served = Head.load(shelf.fetch(finding, version, tmp_path / "heads"))
    assert served.config.backbones == backbones_digest(home.home / "model")
