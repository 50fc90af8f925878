"""`radloop explain`: pictures of both views of a catalogued study, by any version, or one clear line."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from components.catalog import View
from components.findings import FINDINGS, Finding
from components.models import ModelConfig, StudyNet, save_model
from components.promotion import Preprocessing, Registry, write_bundle
from components.settings import Architecture, load_settings
from flows.cli import main
from tests.components.datasets.catalogued_hospital import Hospital

pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home with one study of two views, one of a lateral alone, and one registered model of both."""
    home = tmp_path_factory.mktemp("home")
    hospital = Hospital(home)
    hospital.add(1, views=(View.PA, View.LATERAL))
    hospital.add(2, views=(View.LATERAL,))
    torch.manual_seed(0)
    config = ModelConfig(members=(Architecture.MOBILENETV2,), duo=True, image_size=48, dropout=0.0)
    save_model(StudyNet(config).eval(), home / "model")
    bundle = write_bundle(
        home / "bundle",
        home / "model",
        site="local",
        thresholds=dict.fromkeys(FINDINGS),
        preprocessing=Preprocessing(version="1", size=48, crop_borders=True),
        labeler_version="1",
        snapshot_hash="ab" * 32,
        base_version=None,
        code_version="test",
        now=datetime(2026, 1, 1, tzinfo=UTC),
    )
    settings = load_settings(home)
    shelf = Registry(settings.tracking, artifacts=settings.artifacts, site=settings.site)
    shelf.register(bundle, shelf.log_training("run", params={}, epochs=[], tags={}, snapshot_hash="ab" * 32))
    yield home
    hospital.catalog.close()


def asked(home: Path, *words: str) -> int | str | None:
    """The exit code."""
    with pytest.raises(SystemExit) as end:
        main(["explain", *words, "--home", str(home), "--json"])
    return end.value.code


def test_each_view_and_finding_is_a_picture_of_its_own(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    findings = ["--finding", Finding.PLEURAL_EFFUSION.value, "--finding", "edema"]
    assert asked(home, "2.25.0001", *findings, "--model", "challenger", "--out", str(home / "seen")) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["version"] == "1"
    names = {Path(file).name for file in answer["pictures"]}
    assert names == {
        f"2.25.0001.{view}-{finding}.png" for view in ("PA", "LATERAL") for finding in ("pleural_effusion", "edema")
    }
    pictures = [np.asarray(Image.open(file)) for file in answer["pictures"]]
    assert {picture.shape for picture in pictures} == {(48, 48, 3)}
    coloured = [int((np.ptp(picture.astype(int), axis=2) > 40).sum()) for picture in pictures]
    assert max(coloured) > 0, "some place is warm"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("2.25.9999", "--finding", "edema", "--model", "1"), "The catalog has no such study"),
        (("2.25.0002", "--finding", "edema", "--model", "1"), "has no frontal image"),
        (("2.25.0001", "--finding", "edema", "--model", "7"), "no model version 7"),
        (("2.25.0001", "--finding", "edema"), "no champion yet"),
    ],
)
def test_what_cannot_be_explained_is_one_clear_line(
    home: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], line: str
) -> None:
    assert asked(home, *words) == 1
    assert line in capsys.readouterr().err
