"""Which study a report belongs to: certain or not at all, and the same whichever half comes first."""

from datetime import date, time, timedelta
from itertools import permutations
from pathlib import Path

import pytest
from catalog_records import add_report, add_study, image, report, study
from hypothesis import given
from hypothesis import strategies as st

from components.catalog import Catalog
from components.catalog._matching import Dated, match

DAY = date(2024, 1, 10)


def dated(key: str, accession: str | None = None, days: int | None = 0, hour: int | None = None) -> Dated:
    day = None if days is None else DAY + timedelta(days=days)
    return Dated(key, accession, day, None if hour is None else time(hour))


@pytest.mark.parametrize(
    ("reports", "studies", "links"),
    [
        pytest.param([dated("R", "A")], [dated("S", "A", 300)], {"R": "S"}, id="the accession number decides"),
        pytest.param([dated("R", "A")], [dated("S", "B")], {}, id="two numbers never match"),
        pytest.param([dated("R")], [dated("S", "B")], {"R": "S"}, id="one without a number matches by time"),
        pytest.param([dated("R", None, 5)], [dated("S")], {"R": "S"}, id="reported five days later"),
        pytest.param([dated("R", None, 8)], [dated("S")], {}, id="too late"),
        pytest.param([dated("R", None, -2)], [dated("S")], {}, id="reported before it was made"),
        pytest.param([dated("R", None, None)], [dated("S")], {}, id="no date"),
        pytest.param([dated("R")], [dated("S1"), dated("S2")], {}, id="two studies that day"),
        pytest.param([dated("R1"), dated("R2")], [dated("S")], {}, id="two reports that day"),
        pytest.param(
            [dated("R", None, 0, 9)], [dated("S1", None, 0, 8), dated("S2", None, 0, 20)], {"R": "S1"}, id="that hour"
        ),
        pytest.param([dated("R", None, 0, 9)], [dated("S1", None, 0, 8), dated("S2")], {}, id="an hour unknown"),
        pytest.param(
            [dated("R1", "A"), dated("R2")], [dated("S1", "A"), dated("S2")], {"R1": "S1", "R2": "S2"}, id="one taken"
        ),
        pytest.param(
            [dated("R", None, 2)],
            [dated("S1", None, 1), dated("S3", None, 3)],
            {},
            id="a film a day, that of the report is missing",
        ),
        pytest.param([dated("R", "A")], [dated("S2", "A"), dated("S1", "A")], {"R": "S1"}, id="one number twice"),
    ],
)
def test_a_link_is_certain_or_it_is_none(reports, studies, links):
    assert match(reports, studies) == links


def _some(prefix: str) -> st.SearchStrategy[list[Dated]]:
    one = st.builds(
        dated,
        st.integers(0, 9).map(lambda number: f"{prefix}{number}"),
        st.sampled_from([None, None, "A", "B"]),
        st.sampled_from([0, 0, 1, 3, None]),
        st.sampled_from([None, 7, 19]),
    )
    return st.lists(one, max_size=5, unique_by=lambda item: item.key)


@given(_some("R"), _some("S"), st.randoms(use_true_random=False))
def test_the_order_in_which_halves_come_does_not_matter(reports, studies, random):
    links = match(reports, studies)
    shuffled = random.sample(reports, len(reports)), random.sample(studies, len(studies))
    assert match(*shuffled) == links
    by_key = {item.key: item for item in [*reports, *studies]}
    for linked in links.items():
        numbers = [by_key[key].accession for key in linked]
        assert None in numbers or numbers[0] == numbers[1]


def test_a_patients_links_end_the_same_whatever_came_first_and_whenever_they_were_made(tmp_path: Path):
    with Catalog.open(f"sqlite:///{tmp_path / 'catalog.db'}") as catalog:
        for patient, order in enumerate(permutations(range(4))):
            for half in order:
                _add(catalog, half, str(patient))
                catalog.link_reports()
        reports = catalog.reports()
    assert reports["current"].all()
    assert set(reports["report"].str[:2] + reports["study"].str[:2]) == {"R1S1", "R2S2"}


def _add(catalog: Catalog, half: int, patient: str) -> None:
    if half < 2:
        name, hour = (("S1", 7), ("S2", 19))[half]
        of_study = {"patient": patient, "accession": None, "time": time(hour)}
        add_study(catalog, study(f"{name}-{patient}", **of_study), [image(f"I-{name}-{patient}", f"{name}-{patient}")])
    else:
        name, accession, hour = (("R1", None, 8), ("R2", f"A-{patient}", 18))[half - 2]
        add_report(catalog, report(f"{name}-{patient}", patient=patient, accession=accession, time=time(hour)))
