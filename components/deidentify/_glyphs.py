"""Where a picture may hold text: sharp shapes of one size that stand in line, found without reading them.

It decides where the reader of `_ocr` looks, hundredfold faster than looking everywhere, so it would rather point at
a wire than pass over a name. What it cannot see: one or two letters alone, and script that is blurred or faint.
"""

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from components.deidentify._boxes import Box

GreyPicture = npt.NDArray[np.uint8]
_Shapes = npt.NDArray[np.int32]
"""int32 [shapes, 4]: left, top, width, height (OpenCV's order)"""

_COARSE = 4  # how much smaller the picture is in which large letters are looked for
_COARSE_FROM = 700  # pixels of the shorter side; on smaller pictures no letter is that large
_STROKE = 9  # pixels; wider shapes are no strokes of letters
_CONTRAST = 48  # grey levels, of 191 between dark and bright, that a stroke differs from what is beside it
_COARSE_CONTRAST = 64  # ribs and collar bones look like letters when they are small
_LEAST_HEIGHT, _MOST_HEIGHT = 5, 44
_MOST_SHAPES = 6000  # beyond, the picture is too busy for this
_LEAST_LETTERS = 3
_GAP = 0.9  # of the height, between two letters or two words of a line
_WIDEST = 2  # heights; a wider shape is several letters that touch
_TOUCHING = 1.8  # widths over height from which a shape may be letters that touch
_FULL = (0.3, 0.95)  # share of the rectangle that such letters light
_ALIKE = 2.5  # the tallest letter of a line over its smallest
_STEP = 1.6
_LIT = 255  # of a mask


class TextLike(NamedTuple):
    """A line that may be text: its rectangle, and the height of its letters in pixels."""

    box: Box
    height: int


def text_like(grey: GreyPicture) -> list[TextLike] | None:
    """The lines that may be text, of letters from 5 pixels up to 176; None where shapes are everywhere.

    Args:
        grey: uint8 [rows, columns], 0..255; light on dark and dark on light are both found.
    """
    lines = _at_this_size(grey, _CONTRAST)
    if min(grey.shape) < _COARSE_FROM:
        return lines
    small = cv2.resize(grey, None, fx=1 / _COARSE, fy=1 / _COARSE, interpolation=cv2.INTER_AREA)
    large = _at_this_size(np.asarray(small, dtype=np.uint8), _COARSE_CONTRAST)
    if lines is None or large is None:
        return None
    return [*lines, *(TextLike(Box(*(_COARSE * side for side in box)), _COARSE * high) for box, high in large)]


def _at_this_size(grey: GreyPicture, contrast: int) -> list[TextLike] | None:
    lines: list[TextLike] = []
    for thin in (cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT):
        strokes = cv2.morphologyEx(grey, thin, np.ones((_STROKE, _STROKE), np.uint8))
        _, found = cv2.threshold(strokes, contrast - 1, _LIT, cv2.THRESH_BINARY)
        mask = np.asarray(found, dtype=np.uint8)
        # Outlines, inner ones too (a frame may stand around the text): ten times faster than labelled components.
        outlines, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
        if len(outlines) > _MOST_SHAPES:
            return None
        rectangles = np.array([cv2.boundingRect(outline) for outline in outlines], dtype=np.int32).reshape(-1, 4)
        for upright in (True, False):
            shapes = rectangles if upright else rectangles[:, [1, 0, 3, 2]]
            rows = [*_rows_of_letters(shapes), *_touching_letters(shapes, mask if upright else mask.T)]
            lines += [line if upright else _turned_back(line) for line in rows]
    return lines


def _turned_back(line: TextLike) -> TextLike:
    top, left, bottom, right = line.box
    return TextLike(Box(left, top, right, bottom), line.height)


def _rows_of_letters(shapes: _Shapes) -> Iterator[TextLike]:
    """At least three shapes of similar height, side by side at one level."""
    heights = shapes[:, 3]
    single = shapes[(heights >= _LEAST_HEIGHT) & (heights <= _MOST_HEIGHT) & (shapes[:, 2] <= _WIDEST * heights)]
    smallest = float(_LEAST_HEIGHT)
    while smallest < _MOST_HEIGHT:
        alike = single[(single[:, 3] >= smallest) & (single[:, 3] <= smallest * _ALIKE)]
        yield from _linked(alike, smallest * _ALIKE)
        smallest *= _STEP


def _linked(shapes: _Shapes, tallest: float) -> Iterator[TextLike]:
    if len(shapes) < _LEAST_LETTERS:
        return
    left, top, width, height = shapes.T
    centres = np.stack([left + width / 2, top + height / 2], axis=1)
    one, other = KDTree(centres).query_pairs((_GAP + _WIDEST) * tallest, output_type="ndarray").T
    higher = np.maximum(height[one], height[other])
    gap = np.maximum(left[one], left[other]) - np.minimum((left + width)[one], (left + width)[other])
    shared = np.minimum((top + height)[one], (top + height)[other]) - np.maximum(top[one], top[other])
    beside = (gap <= _GAP * higher) & (gap >= -0.3 * higher) & (shared >= 0.6 * np.minimum(height[one], height[other]))
    if beside.sum() < _LEAST_LETTERS - 1:
        return
    graph = coo_array((np.ones(beside.sum(), np.int8), (one[beside], other[beside])), shape=(len(shapes),) * 2)
    _, rows = connected_components(graph, directed=False)
    for row in np.flatnonzero(np.bincount(rows) >= _LEAST_LETTERS):
        line = _line_around(shapes[rows == row])
        if line is not None:
            yield line


def _line_around(letters: _Shapes) -> TextLike | None:
    """The line of these letters; None for a heap or a staircase of shapes."""
    left, top, width, height = letters.T
    box = Box(int(top.min()), int(left.min()), int((top + height).max()), int((left + width).max()))
    high = int(np.median(height))
    level = box.bottom - box.top <= 2.2 * high  # capitals over descenders, a slight slope
    return TextLike(box, high) if level and box.right - box.left >= _TOUCHING * high else None


def _touching_letters(shapes: _Shapes, mask: npt.NDArray[np.uint8]) -> Iterator[TextLike]:
    """Wide shapes that turn from dark to light as often as a word does."""
    _, _, width, height = shapes.T
    wide = (height >= _LEAST_HEIGHT) & (height <= _MOST_HEIGHT) & (width >= _TOUCHING * height)
    for left, top, across, high in shapes[wide].tolist():
        inside = mask[top : top + high, left : left + across]
        if not _FULL[0] <= float(inside.mean()) / _LIT <= _FULL[1]:
            continue
        levels = inside[[high // 4, high // 2, 3 * high // 4]]
        turns = int((levels[:, 1:] != levels[:, :-1]).sum(axis=1).max())
        if turns >= 2 * max(_LEAST_LETTERS - 1, 0.7 * across / high):
            yield TextLike(Box(top, left, top + high, left + across), high)
