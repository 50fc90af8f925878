"""Reading text in a picture, by PP-OCR's models through RapidOCR: both come with the wheel, nothing is fetched."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import cv2
import numpy as np

from components.deidentify._boxes import Box
from components.deidentify._glyphs import GreyPicture

if TYPE_CHECKING:
    from rapidocr import RapidOCR

_LONGEST_SIDE = 1600  # of what the models look at in one go
_DETECTOR, _RECOGNISER = "PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx"


@dataclass(frozen=True)
class ReadLine:
    """A line of text: where, what (not in repr: it may name a patient), and how sure the reader is, 0..1."""

    box: Box
    text: str = field(repr=False)
    sureness: float


def read_lines(grey: GreyPicture, area: Box, *, scale: float) -> list[ReadLine]:
    """The lines of text within `area` of a picture, looked at `scale` times as large.

    Args:
        grey: uint8 [rows, columns], 0..255.
        area: the part to look at; its own darkest and brightest pixels become black and white.
        scale: 1 looks at every pixel; letters are best read at 16 to 40 pixels of height. Kept within bounds.
    """
    part = np.ascontiguousarray(grey[area.slices])
    scale = min(scale, _LONGEST_SIDE / max(part.shape))
    spread = cv2.normalize(part, np.empty_like(part), 0, 255, cv2.NORM_MINMAX)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    seen = cv2.resize(spread, None, fx=scale, fy=scale, interpolation=way)
    return [
        ReadLine(_around(points / scale + (area.left, area.top), grey.shape), text, sureness)
        for points, text, sureness in _read(cv2.cvtColor(seen, cv2.COLOR_GRAY2BGR))
    ]


def _read(picture: np.ndarray) -> Iterator[tuple[np.ndarray, str, float]]:
    """The corners ([4, 2], x and y), text and sureness of each line, in two steps.

    In one step the engine keeps quiet on what it found and could not read.
    """
    from rapidocr.ch_ppocr_det import TextDetOutput
    from rapidocr.ch_ppocr_rec import TextRecOutput
    from rapidocr.utils.process_img import get_rotate_crop_image

    found = _engine()(picture, use_det=True, use_rec=False)
    if not isinstance(found, TextDetOutput) or found.boxes is None:
        return
    for points in np.asarray(found.boxes, dtype=np.float32):
        read = _engine()(get_rotate_crop_image(picture, points), use_det=False, use_rec=True)
        if isinstance(read, TextRecOutput) and read.txts and read.scores:
            yield points, read.txts[0], float(read.scores[0])
        else:
            yield points, "", 0.0


def _around(points: np.ndarray, shape: tuple[int, ...]) -> Box:
    left, top = np.floor(points.min(axis=0)).astype(int)
    right, bottom = np.ceil(points.max(axis=0)).astype(int)
    return Box(int(top), int(left), int(bottom), int(right)).grown(0, (shape[0], shape[1]))


@cache
def _engine() -> "RapidOCR":
    from rapidocr import RapidOCR

    models = files("rapidocr") / "models"
    return RapidOCR(
        params={
            "Global.use_cls": False,
            "Global.text_score": 0.0,  # what it can hardly read is text all the same
            "Global.log_level": "critical",
            "Det.model_path": str(models / _DETECTOR),
            "Det.limit_type": "max",  # the picture as it is given, not blown up
            "Det.limit_side_len": _LONGEST_SIDE,
            "Rec.model_path": str(models / _RECOGNISER),
            # One thread: intake runs as many processes as there are cores.
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )
