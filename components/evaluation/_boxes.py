"""Where people saw a finding: their boxes, in the square picture that models see."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from pydantic import TypeAdapter
from upath import UPath

from components.catalog import Box
from components.errors import DataQualityError, StorageError
from components.findings import DATASET_NAMES, Finding
from components.imaging import Framing, read_pixels
from components.settings import ImagingSettings

_BOXES = TypeAdapter(tuple[Box, ...])
_NIH_SIDE = 1024  # NIH ChestX-ray14's pictures and boxes
_NIH_FINDINGS = {**DATASET_NAMES["nih"], "Infiltrate": Finding.LUNG_OPACITY}  # the boxes' word for Infiltration


def drawn_boxes(readings: pd.DataFrame) -> dict[str, tuple[Box, ...]]:
    """Image → the boxes of everybody who drew some on it, in shares of the radiograph.

    `readings` are the catalog's; a reader's latest word on an image counts, unless it was withdrawn.
    """
    forms = readings.drop_duplicates(["image", "author"], keep="last")
    forms = forms[~forms["withdrawn"].astype(bool)]
    found: dict[str, tuple[Box, ...]] = {}
    for image, boxes in zip(forms["image"], forms["boxes"], strict=True):
        if drawn := _BOXES.validate_json(boxes):
            found[image] = (*found.get(image, ()), *drawn)
    return found


def boxes_on_inputs(
    boxes: Mapping[str, tuple[Box, ...]], images: pd.DataFrame, *, store: UPath, imaging: ImagingSettings
) -> dict[str, tuple[Box, ...]]:
    """The same boxes in shares of the model's square picture; parts that were cropped away are cut off.

    Args:
        boxes: image → boxes in shares of the radiograph.
        images: the catalog's; boxes on others are left out.
        store: where their files lie.
        imaging: as when the models' pictures were made.

    Raises:
        StorageError: a radiograph cannot be read.
    """
    known = images[images["image"].isin(list(boxes))]
    placed = {}
    for image, dicom, seen in zip(known["image"], known["dicom_key"], known["input_key"], strict=True):
        as_seen = dicom == seen  # an imported picture is the model's own: nothing was cropped since
        placed[image] = boxes[image] if as_seen else place_boxes(boxes[image], _framing(store / dicom, imaging))
    return {image: inside for image, inside in placed.items() if inside}


def place_boxes(boxes: Iterable[Box], framing: Framing) -> tuple[Box, ...]:
    """Boxes in shares of a radiograph, in shares of its square; those wholly cropped away are left out."""
    placed = []
    for box in boxes:
        corners = framing.place(box.x, box.y), framing.place(box.x + box.width, box.y + box.height)
        (left, top), (right, bottom) = np.clip(corners, 0.0, 1.0).tolist()
        if right > left and bottom > top:
            placed.append(Box(finding=box.finding, x=left, y=top, width=right - left, height=bottom - top))
    return tuple(placed)


def nih_boxes(text: str) -> tuple[Box, ...]:
    """The boxes "Effusion:863,693,73,113;Mass:298,311,540,278" of an NIH picture: left, top, width, height of 1024.

    Raises:
        DataQualityError: the text is of another form, or names what NIH does not box.
    """
    try:
        return tuple(_nih_box(*entry.split(":")) for entry in text.split(";") if entry)
    except (TypeError, KeyError, ValueError):
        raise DataQualityError("NIH's boxes must read 'Label:left,top,width,height;…', in pixels of 1024.") from None


def _nih_box(name: str, figures: str) -> Box:
    left, top, width, height = (min(float(figure) / _NIH_SIDE, 1.0) for figure in figures.split(","))
    return Box(finding=_NIH_FINDINGS[name], x=left, y=top, width=min(width, 1 - left), height=min(height, 1 - top))


def _framing(dicom: UPath, imaging: ImagingSettings) -> Framing:
    import pydicom

    try:
        with dicom.open("rb") as file:
            pixels = read_pixels(pydicom.dcmread(file))
    except OSError as error:
        raise StorageError(f"A radiograph that a reader drew on cannot be read: {error.strerror}.") from None
    return Framing.of(pixels, crop_borders=imaging.crop_borders, fit=imaging.fit)
