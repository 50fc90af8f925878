"""A small catalogued hospital with its pictures in a store."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from catalogued_hospital import Hospital

from components.catalog import View
from components.findings import Finding


@pytest.fixture
def hospital(tmp_path: Path) -> Iterator[Hospital]:
    """Empty at first."""
    invented = Hospital(tmp_path)
    yield invented
    invented.catalog.close()


@pytest.fixture
def small_hospital(hospital: Hospital) -> Hospital:
    """40 patients' studies, 8 of them with a second one, every fifth with a lateral view."""
    for number in range(48):
        hospital.add(
            number,
            patient=number % 40,
            views=(View.PA, View.LATERAL) if number % 5 == 0 else (View.AP,),
            present=(Finding.EDEMA,) if number % 3 == 0 else (Finding.NO_FINDING,),
        )
    return hospital
