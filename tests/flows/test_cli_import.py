"""Holds `radloop import` from outside: a published dataset goes in as a site of its own, each picture accounted for."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from components.catalog import Catalog
from components.settings import load_settings
from tests.flows.conftest import radloop_json

pytestmark = [pytest.mark.slow, pytest.mark.server]

_COLUMNS = (
    "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,OriginalImage[Width,"
    "Height],OriginalImagePixelSpacing[x,y],"
)


def test_a_dataset_goes_in_once_as_a_site_of_its_own(tmp_path: Path) -> None:
    folder, home = tmp_path / "nih", tmp_path / "home"
    (folder / "images").mkdir(parents=True)
    rows = [
        ["00000001_000.png", "Cardiomegaly|Emphysema", 0, 1, 57, "M", "PA"],
        ["00000002_000.png", "", 0, 2, 80, "F", "PA"],
    ]
    with (folder / "Data_Entry_2017.csv").open("w", newline="") as file:
        file.write(f"{_COLUMNS}\n")
        csv.writer(file).writerows([*row, 2682, 2749, 0.143, 0.143, ""] for row in rows)
    ramp = np.tile(np.linspace(0, 255, 96).astype(np.uint8), (96, 1))
    Image.fromarray(ramp).save(folder / "images" / "00000001_000.png")
    found = radloop_json("import", "nih", str(folder), home=home, timeout=400)
    assert found.pop("checks")
    assert found == {"received": 2, "accepted": 1, "duplicates": 0, "left_out": {"no_labels": 1}, "labels": 2}
    with Catalog.open(load_settings(home).catalog.get_secret_value()) as catalog:
        assert sorted(catalog.label_events("published")["assertion"]) == ["absent", "present"]
        assert catalog.studies("local").empty
