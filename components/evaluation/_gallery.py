"""The studies that the report card shows, and where the model looked in them."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from components.catalog import Box
from components.evaluation._card_data import GalleryPicture, GalleryView
from components.evaluation._gradcam import grad_cams, overlay
from components.findings import FINDINGS, Finding

if TYPE_CHECKING:
    from components.catalog import Side
    from components.datasets import Snapshot
    from components.models import StudyNet

_RIGHT, _WRONG = 6, 3  # pictures of each kind: one printed page
_LONGEST_SIDE = 448  # more than print shows at this size; whole galleries stay under 2 MB
_JPEG_QUALITY = 88


def gallery(
    model: "StudyNet",
    snapshot: "Snapshot",
    side: "Side",
    scores: pd.DataFrame,
    *,
    boxes: Mapping[str, Sequence[Box]] | None = None,
) -> tuple[GalleryPicture, ...]:
    """Where the model looked: for the findings it is surest of, the study where it is so and the label agrees, then
    the surest where the label says absent.

    Args:
        model: in eval mode.
        snapshot: whose pictures are shown, pseudonyms left out.
        side: usually the locked one.
        scores: what the model said, index study, the 14 findings as columns.
        boxes: image → where people saw findings, in shares of the snapshot's square pictures.
    """
    truth = snapshot.truth(side)
    cases = snapshot.cases(side).drop_duplicates("study").set_index("study")
    chosen = [(finding, study, True) for finding, study in surest(scores, truth, present=True)[:_RIGHT]]
    chosen += [(finding, study, False) for finding, study in surest(scores, truth, present=False)[:_WRONG]]
    return tuple(
        GalleryPicture(
            finding=finding.title,
            probability=float(scores.at[study, finding.value]),
            agreed=agreed,
            views=_views(model, snapshot, cases.loc[study], finding, boxes or {}),
        )
        for finding, study, agreed in chosen
    )


def surest(scores: pd.DataFrame, truth: pd.DataFrame, *, present: bool) -> list[tuple[Finding, str]]:
    """For each finding the study with its highest score among those where it is present (or absent), surest first.

    Args:
        scores: index study, the 14 findings as columns, 0..1.
        truth: the same, 1, 0 or NaN. Findings without such a study are left out, and so is No Finding, which has no
            place in the picture.
    """
    found: list[tuple[float, Finding, str]] = []
    for finding in FINDINGS:
        alike = scores.loc[truth.index[truth[finding.value] == int(present)], finding.value]
        if finding is not Finding.NO_FINDING and len(alike):
            found.append((float(alike.max()), finding, str(alike.idxmax())))
    return [(finding, study) for _, finding, study in sorted(found, key=lambda each: -each[0])]


def _views(
    model: "StudyNet", snapshot: "Snapshot", case: pd.Series, finding: Finding, boxes: Mapping[str, Sequence[Box]]
) -> tuple[GalleryView, ...]:
    frontal = snapshot.pixels[[case["row"]]]
    lateral = snapshot.pixels[[case["lateral"]]] if model.duo is not None and case["lateral"] >= 0 else None
    heat = grad_cams(model, frontal, (finding,), lateral=lateral)
    drawn = tuple(box for box in boxes.get(case["image"], ()) if box.finding is finding)
    views = [_view(case["view"], frontal[0], heat.frontal[0, 0], drawn)]
    if lateral is not None and heat.lateral is not None:
        views.append(_view("lateral", lateral[0], heat.lateral[0, 0], ()))
    return tuple(views)


def _view(name: str, picture: NDArray[np.uint8], heat: NDArray[np.float32], boxes: tuple[Box, ...]) -> GalleryView:
    return GalleryView(name=name, plain=_jpeg(picture), heat=_jpeg(overlay(picture, heat)), boxes=boxes)


def _jpeg(picture: NDArray[np.uint8]) -> bytes:
    from PIL import Image

    shown = Image.fromarray(picture)
    shown.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE), Image.Resampling.LANCZOS)
    file = BytesIO()
    shown.save(file, "JPEG", quality=_JPEG_QUALITY)
    return file.getvalue()
