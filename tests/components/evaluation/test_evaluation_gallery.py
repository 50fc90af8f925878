"""The gallery shows where the model was surest, right and wrong, with both views and the readers' boxes."""

from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from components.catalog import Box, Side
from components.evaluation import gallery
from components.evaluation._gallery import surest
from components.findings import FINDINGS, Finding
from tests.components.evaluation.looking_models import SIDE, LookingNet, snapshot_of, spot

STUDIES = ("2.25.900", "2.25.901", "2.25.902")
COLUMNS = [finding.value for finding in FINDINGS]


def table(**columns):
    return pd.DataFrame(0.1, index=list(STUDIES), columns=COLUMNS).assign(**columns)


def test_the_surest_study_of_each_finding_is_chosen_surest_finding_first():
    scores = table(edema=[0.2, 0.9, 0.95], fracture=[0.99, 0.3, 0.2], no_finding=[0.9, 0.9, 0.9])
    truth = pd.DataFrame(0.0, index=list(STUDIES), columns=COLUMNS)
    truth["edema"], truth["fracture"], truth["no_finding"] = [1, 1, 0], [1, np.nan, 0], [0, 0, 1]
    right = surest(scores, truth, present=True)
    assert right == [(Finding.FRACTURE, STUDIES[0]), (Finding.EDEMA, STUDIES[1])]
    wrong = surest(scores, truth, present=False)
    assert wrong[0] == (Finding.EDEMA, STUDIES[2])
    assert len(wrong) == 13, "no finding has no place in the picture"


@pytest.fixture
def snapshot(tmp_path):
    pictures = [
        (STUDIES[0], "PA", spot(16, 48)),
        (STUDIES[0], "LATERAL", spot(44, 12)),
        (STUDIES[1], "AP", spot(40, 20)),
        (STUDIES[2], "PA", spot(30, 30)),
    ]
    return snapshot_of(tmp_path / "snapshot", pictures, present={STUDIES[0]: (Finding.EDEMA,)})


def warmest(jpeg):
    """Row and column of the most coloured place."""
    pixels = np.asarray(Image.open(BytesIO(jpeg)).convert("RGB")).astype(int)
    colour = pixels.max(axis=2) - pixels.min(axis=2)
    return np.unravel_index(colour.argmax(), colour.shape)


def test_both_views_are_shown_with_the_boxes_of_the_finding(snapshot):
    scores = table(edema=[0.9, 0.2, 0.7])
    drawn = (
        Box(finding=Finding.EDEMA, x=0.7, y=0.2, width=0.1, height=0.1),
        Box(finding=Finding.FRACTURE, x=0.1, y=0.1, width=0.1, height=0.1),
    )
    shown = gallery(LookingNet(lateral=1.0), snapshot, Side.TEST, scores, boxes={"2.25.0": drawn})
    right = [picture for picture in shown if picture.agreed]
    assert [(picture.finding, picture.probability) for picture in right] == [("Edema", 0.9)]
    frontal, lateral = right[0].views
    assert (frontal.name, frontal.boxes) == ("PA", drawn[:1])
    assert (lateral.name, lateral.boxes) == ("lateral", ())
    np.testing.assert_allclose(warmest(frontal.heat), (16, 48), atol=8)
    np.testing.assert_allclose(warmest(lateral.heat), (44, 12), atol=8)
    plain = np.asarray(Image.open(BytesIO(frontal.plain)))
    np.testing.assert_allclose(plain, spot(16, 48), atol=30)

    wrong = [picture for picture in shown if not picture.agreed]
    assert len(wrong) == 3
    assert (wrong[0].finding, wrong[0].probability) == ("Edema", 0.7)
    assert [view.name for view in wrong[0].views] == ["PA"], "this study has no lateral"


def test_without_a_duonet_the_lateral_is_not_shown_and_large_pictures_are_made_smaller(tmp_path):
    pictures = [(STUDIES[0], "PA", spot(200, 600, side=1024)), (STUDIES[0], "LATERAL", spot(600, 200, side=1024))]
    snapshot = snapshot_of(tmp_path / "large", pictures, present={STUDIES[0]: (Finding.EDEMA,)})
    scores = table(edema=[0.9, 0.2, 0.7]).loc[[STUDIES[0]]]
    first = gallery(LookingNet(), snapshot, Side.TEST, scores)[0]
    assert [view.name for view in first.views] == ["PA"]
    assert Image.open(BytesIO(first.views[0].heat)).size == (448, 448)
    assert SIDE < 448
