"""Readers' boxes come to lie where the model sees the same place, whatever was cropped and padded."""

import numpy as np
import pandas as pd
import pytest
from upath import UPath

from components.catalog import Box
from components.errors import StorageError
from components.evaluation import boxes_on_inputs, drawn_boxes
from components.findings import Finding
from components.imaging import read_pixels, to_input
from components.settings import Fit, ImagingSettings
from tests.tiny_dicom import tiny_dicom

IMAGING = ImagingSettings()
DRAWN = Box(finding=Finding.LUNG_LESION, x=0.5, y=0.25, width=0.25, height=0.25)


def reading(image="2.25.1", author="R1", withdrawn=False, boxes="[]"):
    return {"image": image, "author": author, "withdrawn": withdrawn, "boxes": boxes}


def as_json(box):
    return f'[{{"finding": "{box.finding}", "x": {box.x}, "y": {box.y}, "width": {box.width}, "height": {box.height}}}]'


def test_each_readers_latest_word_counts_unless_withdrawn():
    other = Box(finding=Finding.FRACTURE, x=0.1, y=0.1, width=0.1, height=0.1)
    readings = pd.DataFrame(
        [
            reading(boxes=as_json(other)),
            reading(boxes=as_json(DRAWN)),
            reading(author="R2", boxes=as_json(other)),
            reading(image="2.25.2", boxes=as_json(DRAWN)),
            reading(image="2.25.2", withdrawn=True, boxes=as_json(DRAWN)),
            reading(image="2.25.3"),
        ]
    )
    assert drawn_boxes(readings) == {"2.25.1": (DRAWN, other)}


@pytest.mark.parametrize("fit", list(Fit))
@pytest.mark.parametrize(("rows", "columns"), [(200, 120), (120, 200)])
def test_a_box_moves_with_what_it_was_drawn_round(tmp_path, rows, columns, fit):
    """Grey chest within black borders, a white square in it: after cropping and padding the box still frames it."""
    pixels = np.zeros((rows, columns), dtype=np.uint16)
    pixels[10:-30, 20:-4] = 1500
    top, left, side = rows // 2, columns // 2, 24
    pixels[top : top + side, left : left + side] = 4000
    (tmp_path / "one.dcm").write_bytes(tiny_dicom(rows=rows, columns=columns, PixelData=pixels.tobytes()))
    drawn = Box(finding=Finding.LUNG_LESION, x=left / columns, y=top / rows, width=side / columns, height=side / rows)
    images = pd.DataFrame({"image": ["2.25.1"], "dicom_key": ["one.dcm"], "input_key": ["one.png"]})
    imaging = ImagingSettings(fit=fit)
    (placed,) = boxes_on_inputs({"2.25.1": (drawn,)}, images, store=UPath(tmp_path), imaging=imaging)["2.25.1"]

    import pydicom

    seen = to_input(read_pixels(pydicom.dcmread(tmp_path / "one.dcm")), size=256, crop_borders=True, fit=fit)
    white = np.argwhere(seen > 0.75 * seen.max())
    expected = (white.min(axis=0) / 256, (white.max(axis=0) + 1) / 256)
    found = (np.array([placed.y, placed.x]), np.array([placed.y + placed.height, placed.x + placed.width]))
    np.testing.assert_allclose(found, expected, atol=2.5 / 256)


def test_boxes_on_imported_pictures_stay_and_others_are_left_out(tmp_path):
    images = pd.DataFrame({"image": ["2.25.1"], "dicom_key": ["one.png"], "input_key": ["one.png"]})
    boxes = {"2.25.1": (DRAWN,), "2.25.2": (DRAWN,)}
    assert boxes_on_inputs(boxes, images, store=UPath(tmp_path), imaging=IMAGING) == {"2.25.1": (DRAWN,)}


def test_a_box_in_the_border_is_cut_off_and_a_missing_file_is_one_sentence(tmp_path):
    pixels = np.full((100, 100), 1500, dtype=np.uint16)
    pixels[:, :20] = 0
    (tmp_path / "one.dcm").write_bytes(tiny_dicom(rows=100, columns=100, PixelData=pixels.tobytes()))
    images = pd.DataFrame({"image": ["2.25.1"], "dicom_key": ["one.dcm"], "input_key": ["one.png"]})
    store = UPath(tmp_path)
    outside = Box(finding=Finding.FRACTURE, x=0, y=0.4, width=0.1, height=0.1)
    assert boxes_on_inputs({"2.25.1": (outside,)}, images, store=store, imaging=IMAGING) == {}
    (kept,) = boxes_on_inputs({"2.25.1": (outside,)}, images, store=store, imaging=ImagingSettings(crop_borders=False))[
        "2.25.1"
    ]
    assert (kept.x, kept.width) == (0, pytest.approx(0.1))
    (tmp_path / "one.dcm").unlink()
    with pytest.raises(StorageError, match="cannot be read"):
        boxes_on_inputs({"2.25.1": (outside,)}, images, store=store, imaging=IMAGING)
