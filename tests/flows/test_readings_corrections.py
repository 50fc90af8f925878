"""A corrected label changes the next snapshot and is named for its report card, with its reader."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from components.datasets import Snapshot, freeze
from components.findings import Assertion, Finding
from components.settings import Settings, SplitSettings, UncertainPolicy, load_settings
from flows._corrections import corrections
from flows._kept import studies_learned
from tests.components.datasets.catalogued_hospital import Hospital

STUDIES = 12


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(tmp_path)


@pytest.fixture
def hospital(settings: Settings) -> Iterator[Hospital]:
    hospital = Hospital(settings.home)  # its catalog.db is where the settings look for the catalog
    for number in range(STUDIES):
        hospital.add(number, present=(Finding.FRACTURE,) if number % 3 == 0 else ())
    yield hospital
    hospital.catalog.close()


def frozen(hospital: Hospital, settings: Settings, run: str) -> tuple[Snapshot, Path]:
    folder = settings.home / "runs" / run
    folder.mkdir(parents=True)
    snapshot = freeze(
        hospital.catalog,
        store=hospital.store,
        site="local",
        folder=folder / "snapshot",
        size=48,
        split=SplitSettings(),
        uncertain=UncertainPolicy.SOFT,
        seed=0,
        preprocessing="1",
    )
    return snapshot, folder


def test_a_correction_is_in_the_next_snapshot_and_named_once(hospital: Hospital, settings: Settings) -> None:
    first, run = frozen(hospital, settings, "20260101T000000-retrain-local")
    assert corrections(first, site="local", run=run, settings=settings) == ()

    hospital.say("2.25.0003", {Finding.FRACTURE: Assertion.ABSENT}, reader="R77")
    second, run = frozen(hospital, settings, "20260201T000000-retrain-local")
    assert second.hash != first.hash
    named, follows = corrections(second, site="local", run=run, settings=settings)
    assert (named.study, named.finding, named.by) == ("2.25.0003", "fracture", "R77")
    assert (named.before, named.after) == ("present", "absent")
    assert (follows.finding, follows.before, follows.by) == ("no_finding", "absent", "R77"), "nothing denies it now"

    third, run = frozen(hospital, settings, "20260301T000000-retrain-local")
    assert corrections(third, site="local", run=run, settings=settings) == (), "it is no news any more"


def test_without_an_earlier_snapshot_readers_are_compared_with_the_labeller(
    hospital: Hospital, settings: Settings
) -> None:
    hospital.say("2.25.0003", {Finding.FRACTURE: Assertion.ABSENT}, reader="R77")
    snapshot, run = frozen(hospital, settings, "20260101T000000-retrain-local")
    named, *_ = corrections(snapshot, site="local", run=run, settings=settings)
    assert (named.study, named.finding) == ("2.25.0003", "fracture")
    assert (named.before, named.after) == ("present", "absent")


def test_what_a_model_learned_from_is_found_by_its_snapshot(hospital: Hospital, settings: Settings) -> None:
    snapshot, _ = frozen(hospital, settings, "20260101T000000-retrain-local")
    learned = studies_learned(snapshot.hash, settings)
    assert learned == set(snapshot.manifest.loc[snapshot.manifest["side"] == "train", "study"])
    assert 0 < len(learned) < STUDIES
    assert studies_learned("0" * 64, settings) is None
