"""A bundle answers with evaluation's probabilities, and does not load unless it reproduces its own."""

import base64
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny_dicom import tiny_dicom

from components.deidentify import Pseudonymiser
from components.errors import ModelError, RefusedInputError
from components.evaluation import Calibration, LogitMap, probabilities
from components.findings import FINDINGS, Finding
from components.intake import ImageTools, PreparedImage, prepare_image
from components.models import load_model, prepare
from components.serving import Bundle, FindingAnswer, load_bundle
from components.serving._bundle import clearest
from components.settings import DeidentifySettings, ImagingSettings

MakeBundle = Callable[..., Path]


@pytest.fixture(scope="module")
def bundle(make_bundle: MakeBundle) -> Bundle:
    return load_bundle(make_bundle(), "7")


def ingested(file: bytes, folder: Path) -> np.ndarray:
    """The picture that ingest stores of the file."""
    path = folder / "file.dcm"
    path.write_bytes(file)
    tools = ImageTools(
        pseudonymiser=Pseudonymiser(b"k" * 32, max_shift_days=30),
        deidentify=DeidentifySettings(),
        imaging=ImagingSettings(size=96),
        site="local",
    )
    prepared = prepare_image(path, tools, known=set())
    assert isinstance(prepared, PreparedImage)
    return np.asarray(Image.open(io.BytesIO(prepared.picture)))


def test_it_sees_the_picture_that_ingest_stores(bundle: Bundle, tmp_path: Path) -> None:
    file = tiny_dicom(PhotometricInterpretation="MONOCHROME1", WindowCenter=1500, WindowWidth=2500)
    np.testing.assert_array_equal(bundle.read(file).picture, ingested(file, tmp_path))


def test_its_probabilities_are_those_of_the_model_in_a_batch(make_bundle: MakeBundle, tmp_path: Path) -> None:
    import torch

    folder = make_bundle(3)
    pictures = np.stack([ingested(tiny_dicom(seed=seed), tmp_path) for seed in range(4)])
    model = load_model(folder)
    with torch.inference_mode():
        together = model.probabilities(prepare(torch.from_numpy(pictures), model.config.image_size)).numpy()
    answer = load_bundle(folder, "1").answer([tiny_dicom(seed=2)])
    alone = [answer.findings[finding].probability for finding in FINDINGS]
    np.testing.assert_allclose(alone, together[2], rtol=0, atol=1e-5)


def test_an_answer_says_what_is_positive_and_by_which_model(bundle: Bundle) -> None:
    answer = bundle.answer([tiny_dicom()])
    assert (answer.model_version, answer.snapshot, answer.view.value) == ("7", "5" * 64, "PA")
    assert list(answer.findings) == list(FINDINGS)
    fracture = answer.findings.pop(Finding.FRACTURE)
    assert (fracture.threshold, fracture.positive) == (None, None)
    assert all(each.positive == (each.probability >= 0.3) for each in answer.findings.values())
    assert answer.warnings == ()


def test_the_overlay_is_a_picture_of_the_finding_asked_for(bundle: Bundle) -> None:
    shown = bundle.answer([tiny_dicom()], Finding.EDEMA).overlay
    assert shown is not None
    assert shown.finding is Finding.EDEMA
    head, _, data = shown.image.partition(",")
    assert head == "data:image/png;base64"
    assert Image.open(io.BytesIO(base64.b64decode(data))).size == (96, 96)


def test_the_clearest_positive_finding_is_shown() -> None:
    def said(probability: float, threshold: float | None) -> FindingAnswer:
        positive = None if threshold is None else probability >= threshold
        return FindingAnswer(probability=probability, threshold=threshold, positive=positive)

    findings = {
        Finding.EDEMA: said(0.9, 0.8),
        Finding.FRACTURE: said(0.3, 0.05),
        Finding.PNEUMONIA: said(0.5, 0.1),
        Finding.NO_FINDING: said(0.99, 0.1),
        Finding.LUNG_LESION: said(0.99, None),
    }
    assert clearest(findings) is Finding.EDEMA
    assert clearest({Finding.EDEMA: said(0.1, 0.8)}) is None


def test_an_unknown_view_is_a_warning(bundle: Bundle) -> None:
    assert "frontal" in bundle.answer([tiny_dicom(ViewPosition=None)]).warnings[0]


def test_two_views_are_judged_together_where_the_model_can(make_bundle: MakeBundle, tmp_path: Path) -> None:
    folder = make_bundle(4, duo=True)
    frontal, lateral = tiny_dicom(seed=1), tiny_dicom(seed=2, ViewPosition="LL", SOPInstanceUID="1.2.3")
    answer = load_bundle(folder, "1").answer([lateral, frontal])
    pictures = [ingested(file, tmp_path)[np.newaxis].copy() for file in (frontal, lateral)]
    expected = probabilities(load_model(folder), *pictures)[0]
    given = [answer.findings[finding].probability for finding in FINDINGS]
    np.testing.assert_allclose(given, expected, rtol=0, atol=1e-5)
    assert (answer.both_views, answer.view.value, answer.warnings) == (True, "PA", ())
    shown = load_bundle(folder, "1").answer([frontal, lateral], Finding.EDEMA).overlay
    assert shown is not None
    assert shown.lateral is not None
    assert shown.lateral not in (shown.image, "")


def test_what_it_says_is_calibrated(make_bundle: MakeBundle) -> None:
    calibration = Calibration(maps={"edema": LogitMap(slope=2.0, intercept=-1.0)})
    raw, said = (
        load_bundle(make_bundle(5, calibration=one), "1").answer([tiny_dicom()]).findings
        for one in (Calibration(), calibration)
    )
    before, after = (np.log(p / (1 - p)) for p in (raw[Finding.EDEMA].probability, said[Finding.EDEMA].probability))
    assert after == pytest.approx(2 * before - 1)
    assert said[Finding.FRACTURE] == raw[Finding.FRACTURE]


def test_a_lateral_that_the_model_cannot_use_is_told(bundle: Bundle) -> None:
    files = [tiny_dicom(), tiny_dicom(ViewPosition="LL")]
    answer = bundle.answer(files)
    assert not answer.both_views
    assert "not used" in answer.warnings[0]
    assert answer.findings == bundle.answer(files[:1]).findings


def test_several_frontal_images_are_averaged(bundle: Bundle) -> None:
    files = [tiny_dicom(seed=seed) for seed in (1, 2)]
    each = [bundle.answer([file]).findings[Finding.EDEMA].probability for file in files]
    assert bundle.answer(files).findings[Finding.EDEMA].probability == pytest.approx(np.mean(each), abs=1e-5)


@pytest.mark.parametrize(
    ("files", "word"),
    [
        ([tiny_dicom(ViewPosition="LL")], "lateral ones only"),
        ([tiny_dicom(), tiny_dicom(StudyInstanceUID="1.2.3")], "several studies"),
        ([tiny_dicom(), tiny_dicom(ViewPosition="LL"), tiny_dicom(ViewPosition="RL")], "several lateral"),
    ],
)
def test_files_that_are_no_study_are_refused(bundle: Bundle, files: list[bytes], word: str) -> None:
    with pytest.raises(RefusedInputError, match=word):
        bundle.answer(files)


def test_other_probabilities_than_recorded_do_not_load(make_bundle: MakeBundle) -> None:
    folder, other = make_bundle(1), make_bundle(2)
    (folder / "weights.safetensors").write_bytes((other / "weights.safetensors").read_bytes())
    with pytest.raises(ModelError, match="does not reproduce"):
        load_bundle(folder, "1")


def test_another_preprocessing_does_not_load(make_bundle: MakeBundle) -> None:
    with pytest.raises(ModelError, match="preprocessing"):
        load_bundle(make_bundle(preprocessing="0"), "1")


def test_whatever_breaks_inside_is_told_without_its_text(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise ValueError("Markername^Hidden")

    monkeypatch.setattr("components.serving._radiograph.read_pixels", broken)
    with pytest.raises(RefusedInputError) as refused:
        bundle.answer([tiny_dicom()])
    assert str(refused.value) == "The file cannot be worked on (ValueError)."
    assert refused.value.__suppress_context__
