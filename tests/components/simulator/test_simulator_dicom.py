"""The DICOM files: valid, decodable, and as varied as real machines and archives make them."""

from collections.abc import Iterator

import numpy as np
import pydicom
from pydicom.pixels import apply_voi_lut
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLosslessSV1, RLELossless

from components.simulator._chance import stream
from components.simulator._pixels import encoded, quantised


def elements(ds: pydicom.Dataset, depth: int = 0) -> Iterator[tuple[int, pydicom.DataElement]]:
    for element in ds:
        yield depth, element
        if element.VR == "SQ":
            for item in element.value:
                yield from elements(item, depth + 1)


def view(ds: pydicom.Dataset) -> str:
    return next(word for word in ("PA", "AP", "LAT") if word in ds.SeriesDescription.split())


def test_every_file_is_a_chest_radiograph_that_decodes(datasets):
    for ds in datasets:
        assert ds.file_meta.MediaStorageSOPInstanceUID == ds.SOPInstanceUID
        assert ds.file_meta.MediaStorageSOPClassUID == ds.SOPClassUID
        assert ds.Modality in {"CR", "DX"}
        assert ds.SOPClassUID.name.startswith("Computed" if ds.Modality == "CR" else "Digital X-Ray")
        assert view(ds) in {"PA", "AP", "LAT"}
        pixels = ds.pixel_array
        assert pixels.shape == (ds.Rows, ds.Columns)
        assert max(pixels.shape) == 64
        assert pixels.max() < 2**ds.BitsStored
        assert np.ptp(pixels) > 0.3 * 2**ds.BitsStored


def test_all_syntaxes_senses_bits_views_and_makers_occur(datasets):
    assert {ds.file_meta.TransferSyntaxUID for ds in datasets} == {
        ExplicitVRLittleEndian,
        JPEG2000Lossless,
        JPEGLosslessSV1,
        RLELossless,
    }
    assert {ds.PhotometricInterpretation for ds in datasets} == {"MONOCHROME1", "MONOCHROME2"}
    assert {ds.BitsStored for ds in datasets} == {10, 12, 14, 16}
    assert {ds.ViewPosition for ds in datasets} == {"PA", "AP", "LL", ""}
    assert {ds.Modality for ds in datasets} == {"CR", "DX"}
    assert len({ds.Manufacturer for ds in datasets}) == 7
    assert len({(ds.Rows, ds.Columns) for ds in datasets}) > 3


def test_a_lateral_is_an_instance_and_series_of_its_own(datasets):
    studies: dict[str, list[pydicom.FileDataset]] = {}
    for ds in datasets:
        studies.setdefault(ds.StudyInstanceUID, []).append(ds)
    pairs = [group for group in studies.values() if len(group) > 1]
    assert 0.2 < len(pairs) / len(studies) < 0.6
    for frontal, lateral in pairs:
        assert {view(frontal), view(lateral)} - {"PA", "AP"} == {"LAT"}
        assert frontal.SeriesInstanceUID != lateral.SeriesInstanceUID
        assert frontal.AccessionNumber == lateral.AccessionNumber


def test_the_window_shows_air_dark_whatever_the_sense(datasets):
    for ds in datasets:
        shown = apply_voi_lut(ds.pixel_array, ds).astype(float)
        if ds.PhotometricInterpretation == "MONOCHROME1":
            shown = shown.max() - shown
        rows, columns = shown.shape
        lungs = shown[rows // 3 : rows // 2].min()
        belly = np.median(shown[-rows // 5 : -rows // 12, columns // 3 : -columns // 3])
        assert belly > lungs


def test_some_machines_show_by_table_or_several_windows(datasets):
    assert any("VOILUTSequence" in ds for ds in datasets)
    assert any("WindowCenter" in ds and ds["WindowCenter"].VM == 2 for ds in datasets)


def test_names_hide_in_private_and_nested_places(datasets):
    deep = [
        element
        for ds in datasets
        for depth, element in elements(ds)
        if depth >= 2 and element.VR == "PN" and str(element.value).startswith("QZ")
    ]
    assert deep
    private = [element for ds in datasets for depth, element in elements(ds) if element.tag.is_private]
    assert any("Qz" in str(element.value) for element in private)
    assert {"OriginalAttributesSequence", "RequestAttributesSequence", "ReferencedStudySequence"} <= {
        element.keyword for ds in datasets for _, element in elements(ds)
    }


def test_every_encoding_is_lossless_at_every_depth():
    picture = np.linspace(0, 1, 40 * 33, dtype=np.float32).reshape(40, 33)
    for bits in (10, 12, 14, 16):
        for syntax in (ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLosslessSV1, RLELossless):
            pixels = quantised(picture, bits=bits, inverted=bits == 12, rng=stream(bits, syntax))
            assert np.array_equal(decoded(pixels, encoded(pixels, syntax), syntax), pixels.values)


def decoded(pixels, frame, syntax):
    if syntax == ExplicitVRLittleEndian:
        return np.frombuffer(frame, "<u2").reshape(pixels.values.shape)
    values, _ = pydicom.pixels.get_decoder(syntax).as_array(
        pydicom.encaps.encapsulate([frame]),
        rows=pixels.values.shape[0],
        columns=pixels.values.shape[1],
        samples_per_pixel=1,
        number_of_frames=1,
        bits_allocated=16,
        bits_stored=pixels.bits,
        pixel_representation=0,
        photometric_interpretation="MONOCHROME2",
        pixel_keyword="PixelData",
    )
    return values
