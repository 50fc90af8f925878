"""A bundle says what it is and proves that it still gives what it gave."""

import json
import shutil

import numpy as np
import pytest

from components.errors import ModelError, StorageError
from components.evaluation import Calibration, LogitMap
from components.findings import FINDINGS, Finding
from components.promotion import Preprocessing, bundle_hash, check_bundle, read_bundle, write_bundle
from components.promotion._bundle import synthetic_picture

CALIBRATION = Calibration(maps={Finding.EDEMA.value: LogitMap(slope=2.0, intercept=-0.5)})


@pytest.fixture(scope="module")
def bundle(make_bundle):
    thresholds = dict.fromkeys(FINDINGS, 0.25) | {Finding.FRACTURE: None}
    return make_bundle(thresholds=thresholds, calibration=CALIBRATION)


@pytest.fixture
def copy(bundle, tmp_path):
    return shutil.copytree(bundle, tmp_path / "copy")


def test_the_record_comes_back_as_written(bundle):
    record = read_bundle(bundle)
    assert record.thresholds[Finding.FRACTURE] is None
    assert record.thresholds[Finding.EDEMA] == 0.25
    assert record.calibration == CALIBRATION
    assert record.calibration.apply_to("edema", [0.5]) == pytest.approx(1 / (1 + np.exp(0.5)))
    assert record.preprocessing == Preprocessing(version="1", size=32, crop_borders=True)
    assert (record.site, record.snapshot_hash, record.findings) == ("local", "ab" * 32, FINDINGS)
    assert {path.name for path in bundle.iterdir()} == {
        "config.json",
        "weights.safetensors",
        "bundle.json",
        "selfcheck.json",
    }


def test_the_written_model_reproduces_itself(bundle):
    from components.models import load_model

    check_bundle(bundle)
    check_bundle(bundle, load_model(bundle))


def test_other_weights_do_not_pass_the_check(copy, make_bundle):
    shutil.copyfile(make_bundle(seed=1) / "weights.safetensors", copy / "weights.safetensors")
    with pytest.raises(ModelError, match="does not reproduce its recorded probabilities"):
        check_bundle(copy)


def test_a_bundle_that_is_not_whole_is_refused(copy):
    whole = bundle_hash(copy)
    record = json.loads((copy / "bundle.json").read_text())
    for wrong in (record | {"findings": record["findings"][::-1]}, record | {"extra": 1}, []):
        (copy / "bundle.json").write_text(json.dumps(wrong))
        assert bundle_hash(copy) != whole
        with pytest.raises(ModelError, match="not what this version of radloop reads"):
            read_bundle(copy)
    (copy / "selfcheck.json").unlink()
    with pytest.raises(ModelError, match=r"lacks selfcheck\.json"):
        check_bundle(copy)


def test_a_bundle_is_never_overwritten_and_needs_safetensors(bundle, tmp_path, make_bundle):
    details = read_bundle(bundle)
    arguments = {
        "site": details.site,
        "thresholds": details.thresholds,
        "preprocessing": details.preprocessing,
        "labeler_version": "7",
        "snapshot_hash": "",
        "base_version": None,
        "code_version": "",
        "now": details.created,
    }
    with pytest.raises(StorageError, match="never overwritten"):
        write_bundle(bundle, bundle, **arguments)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    (tmp_path / "model" / "weights.pt").write_bytes(b"")
    with pytest.raises(ModelError, match="only safetensors"):
        write_bundle(tmp_path / "made", tmp_path / "model", **arguments)
    assert not (tmp_path / "made").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"model"}


def test_synthetic_pictures_are_the_same_for_ever():
    picture = synthetic_picture(1, 32)
    assert (picture.shape, picture.dtype) == ((32, 32), "uint8")
    assert int(picture.astype(int).sum()) == 143_850
    assert (picture != synthetic_picture(2, 32)).any()
