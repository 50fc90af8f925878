"""The pointing game: a model that looks at the right place scores, one that looks elsewhere not; few say little."""

import csv

import numpy as np
import pandas as pd
import pytest

from components.catalog import Box, Side
from components.errors import DataQualityError
from components.evaluation import nih_boxes, pointing_game
from components.evaluation._pointing import TOLERANCE, chance_of, hits_box, pointing_rates
from components.findings import Finding
from components.settings import GateSettings
from tests.components.evaluation.looking_models import SIDE, LookingNet, snapshot_of, spot

SETTINGS = GateSettings(min_positives=4)


def box(row, column, finding=Finding.EDEMA, half=6):
    left, top = (column - half) / SIDE, (row - half) / SIDE
    return Box(finding=finding, x=left, y=top, width=2 * half / SIDE, height=2 * half / SIDE)


def heat_at(row, column):
    heat = np.zeros((SIDE, SIDE), dtype=np.float32)
    heat[row, column] = 1
    return heat


def test_a_hit_lies_in_a_box_or_within_fifteen_pixels_of_224():
    wanted = Box(finding=Finding.EDEMA, x=0.25, y=0.25, width=0.25, height=0.25)
    assert hits_box(heat_at(20, 20), [wanted])
    just_inside, just_outside = (int((0.5 + TOLERANCE) * SIDE) - 1, int((0.5 + TOLERANCE) * SIDE) + 1)
    assert hits_box(heat_at(20, just_inside), [wanted])
    assert not hits_box(heat_at(20, just_outside), [wanted])
    assert not hits_box(heat_at(just_inside, just_inside), [wanted]), "the tolerance is round at the corners"
    far = Box(finding=Finding.EDEMA, x=0.8, y=0.8, width=0.1, height=0.1)
    assert hits_box(heat_at(20, 20), [far, wanted]), "any box of the finding counts"
    assert not hits_box(np.zeros((SIDE, SIDE), dtype=np.float32), [wanted]), "an empty map points nowhere"


def test_chance_is_the_share_of_the_picture_that_would_count():
    assert chance_of([Box(finding=Finding.EDEMA, x=0, y=0, width=1, height=1)]) == 1
    centre = Box(finding=Finding.EDEMA, x=0.4, y=0.4, width=0.2, height=0.2)
    expected = 0.2**2 + 4 * 0.2 * TOLERANCE + np.pi * TOLERANCE**2
    assert chance_of([centre]) == pytest.approx(expected, abs=0.01)


@pytest.fixture(scope="module")
def places():
    random = np.random.default_rng(0)
    return random.integers(12, SIDE - 12, (6, 2))


def test_a_model_that_looks_at_the_spot_wins_and_is_beaten_where_the_box_is_elsewhere(tmp_path, places):
    pictures = [(f"2.25.{900 + n}", "PA", spot(row, column)) for n, (row, column) in enumerate(places)]
    snapshot = snapshot_of(tmp_path / "snapshot", pictures, present={})
    on_it = {f"2.25.{n}": (box(row, column),) for n, (row, column) in enumerate(places)}
    edema, every = pointing_game(LookingNet(), snapshot, Side.TEST, on_it, settings=SETTINGS)
    assert (edema.label, edema.n, edema.hits, edema.rate, edema.judged) == ("edema", 6, 6, 1.0, True)
    assert every.label == "All findings"
    assert edema.rate_ci.high == 1
    assert 0.5 < edema.rate_ci.low < 1

    mirrored = {f"2.25.{n}": (box(SIDE - row, SIDE - column, half=2),) for n, (row, column) in enumerate(places)}
    missed, _ = pointing_game(LookingNet(), snapshot, Side.TEST, mirrored, settings=SETTINGS)
    assert missed.hits < 3


def test_findings_are_counted_each_and_images_without_a_box_not(tmp_path, places):
    pictures = [(f"2.25.{900 + n}", "PA", spot(row, column)) for n, (row, column) in enumerate(places)]
    snapshot = snapshot_of(tmp_path / "snapshot", pictures, present={})
    boxes = {"2.25.0": (box(*places[0]), box(*places[0], finding=Finding.PNEUMONIA)), "2.25.3": (box(*places[3]),)}
    edema, pneumonia, every = pointing_game(LookingNet(), snapshot, Side.TEST, boxes, settings=SETTINGS)
    assert (edema.n, edema.hits, edema.judged) == (2, 2, False), "two are too few to judge"
    assert (pneumonia.label, pneumonia.n, pneumonia.hits) == ("pneumonia", 1, 0), "the model is blind to it"
    assert (every.n, every.hits) == (3, 2)
    assert pointing_game(LookingNet(), snapshot, Side.TEST, {}, settings=SETTINGS) == ()


def test_a_study_that_is_judged_by_both_views_is_explained_by_both(tmp_path):
    pictures = [
        ("2.25.900", "PA", spot(16, 48)),
        ("2.25.900", "LATERAL", spot(44, 12)),
        ("2.25.901", "AP", spot(40, 20)),
    ]
    snapshot = snapshot_of(tmp_path / "snapshot", pictures, present={})
    boxes = {"2.25.0": (box(16, 48),), "2.25.2": (box(40, 20),)}
    edema, _ = pointing_game(LookingNet(lateral=3.0), snapshot, Side.TEST, boxes, settings=SETTINGS)
    assert (edema.n, edema.hits) == (2, 2)


def test_several_pictures_of_one_patient_say_less_than_as_many_patients():
    rounds = pd.DataFrame({"label": "edema", "hit": [True] * 10 + [False] * 10, "chance": 0.2})
    apart = pointing_rates(rounds.assign(patient=range(20)), settings=SETTINGS)[0]
    few = pointing_rates(rounds.assign(patient=[n // 5 for n in range(20)]), settings=SETTINGS)[0]
    assert apart.rate == few.rate == 0.5
    assert apart.chance == pytest.approx(0.2)
    assert few.rate_ci.low < apart.rate_ci.low < 0.5 < apart.rate_ci.high < few.rate_ci.high


def test_boxes_of_nih_are_read_by_their_own_words():
    effusion, mass = nih_boxes("Effusion:863,693,73,113;Mass:298,311,540,278")
    assert (effusion.finding, mass.finding) == (Finding.PLEURAL_EFFUSION, Finding.LUNG_LESION)
    assert (effusion.x, effusion.height) == (863 / 1024, 113 / 1024)
    assert nih_boxes("Infiltrate:633,417,272,222")[0].finding is Finding.LUNG_OPACITY
    assert nih_boxes("") == ()
    for wrong in ("Effusion:1,2,3", "Ghost:1,2,3,4", "Effusion", "Effusion:a,b,c,d"):
        with pytest.raises(DataQualityError, match="NIH's boxes must read"):
            nih_boxes(wrong)


def test_the_real_boxes_of_nih_lie_in_their_pictures_and_name_their_labels(shared_data):
    from components.findings import DATASET_NAMES

    with (shared_data / "studies.csv").open(newline="", encoding="utf-8") as file:
        boxed = [(row["nih_labels"], nih_boxes(row["nih_boxes"])) for row in csv.DictReader(file) if row["nih_boxes"]]
    assert len(boxed) >= 40
    for labels, boxes in boxed:
        named = {DATASET_NAMES["nih"][name] for name in labels.split("|") if name in DATASET_NAMES["nih"]}
        assert {each.finding for each in boxes} <= named
        for each in boxes:
            assert each.width > 0.02
            assert each.height > 0.02
            assert each.x + each.width <= 1
            assert each.y + each.height <= 1
