"""What is added stays as it was, adding it again changes nothing, and a contradiction is refused whole."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from catalog_records import NOW, add_study, event, image, study
from sqlalchemy import text

from components.catalog import Catalog, LabelSource, Prediction, RelabelTask, Side, View
from components.errors import CatalogError
from components.findings import FINDINGS, Finding


def test_a_study_added_twice_is_known(catalog: Catalog) -> None:
    assert add_study(catalog, study(), [image("I1"), image("I2", view=View.LATERAL)]) is True
    assert add_study(catalog, study(), [image("I2", view=View.LATERAL), image("I1")]) is False
    assert set(catalog.images()["image"]) == {"I1", "I2"}


def test_a_late_image_joins_its_study(catalog: Catalog) -> None:
    add_study(catalog, study(), [image("I1")])
    assert add_study(catalog, study(), [image("I1"), image("I2")]) is True
    assert catalog.counts()["studies"] == 1
    assert catalog.counts()["images"] == 2


def test_an_image_under_another_study_is_refused_and_nothing_of_it_kept(catalog: Catalog) -> None:
    add_study(catalog, study("S1"), [image("I1")])
    with pytest.raises(CatalogError, match="I1 is known in study S1"):
        add_study(catalog, study("S2"), [image("I1", "S2")])
    assert list(catalog.studies()["study"]) == ["S1"]
    assert set(catalog.images()["image"]) == {"I1"}


@pytest.mark.parametrize("other", [{"patient": "P2"}, {"site": "elsewhere"}])
def test_a_study_keeps_its_patient_and_site(catalog: Catalog, other: dict[str, str]) -> None:
    add_study(catalog, study(), [image()])
    with pytest.raises(CatalogError, match="one patient and one site"):
        add_study(catalog, study(**other), [image()])


def test_events_are_idempotent_by_key(catalog: Catalog) -> None:
    add_study(catalog, study(), [image()])
    first = [event(f"k{number}", finding=finding) for number, finding in enumerate(FINDINGS)]
    assert catalog.append_label_events(first) == 14
    assert catalog.append_label_events([*first, event("new"), event("new")]) == 1
    assert catalog.append_label_events([]) == 0
    assert catalog.counts()["label_events"] == 15


def test_events_come_back_as_they_went_in(catalog: Catalog) -> None:
    add_study(catalog, study(), [image()])
    cet = datetime(2024, 3, 1, 1, 30, 0, 250, tzinfo=timezone(timedelta(hours=1)))
    catalog.append_label_events([event("k", source=LabelSource.READER, author="R9", at=cet)])
    row = catalog.label_events("local").iloc[0].to_dict()
    assert row == {
        "study": "S1",
        "finding": "edema",
        "assertion": "present",
        "source": "reader",
        "author": "R9",
        "at": datetime(2024, 3, 1, 0, 30, 0, 250, tzinfo=UTC),
        "key": "k",
    }
    assert catalog.label_events("elsewhere").empty


def test_events_and_sides_can_not_be_altered(catalog: Catalog) -> None:
    add_study(catalog, study(), [image()])
    catalog.append_label_events([event("k")])
    catalog.assign_sides("local", {"P1": Side.TEST})
    for statement in (
        "UPDATE label_events SET assertion = 'absent'",
        "DELETE FROM label_events",
        "UPDATE sides SET side = 'train'",
    ):
        with pytest.raises(CatalogError), catalog._writing() as connection:
            connection.execute(text(statement))
    assert catalog.sides("local") == {"P1": Side.TEST}


def test_an_event_on_an_unknown_study_is_refused_with_all_beside_it(catalog: Catalog) -> None:
    add_study(catalog, study(), [image()])
    with pytest.raises(CatalogError, match="add the study first"):
        catalog.append_label_events([event("k1"), event("k2", study="nobody")])
    assert catalog.label_events().empty


def test_a_patient_stays_on_one_side(catalog: Catalog) -> None:
    catalog.assign_sides("local", {"P1": Side.TEST, "P2": Side.TRAIN})
    catalog.assign_sides("local", {"P1": Side.TEST, "P3": Side.VALIDATION})
    with pytest.raises(CatalogError, match="P1 of site 'local' is on the test side"):
        catalog.assign_sides("local", {"P4": Side.TRAIN, "P1": Side.TRAIN})
    assert catalog.sides("local") == {"P1": Side.TEST, "P2": Side.TRAIN, "P3": Side.VALIDATION}
    assert catalog.sides("elsewhere") == {}


def test_predictions_are_kept_by_model_version(catalog: Catalog) -> None:
    add_study(catalog, study(), [image()])
    said = [Prediction(study="S1", model_version=v, finding=Finding.EDEMA, probability=0.25) for v in ("1", "2")]
    assert catalog.add_predictions(said) == 2
    assert catalog.add_predictions(said) == 0
    assert catalog.predictions("2").to_dict("records") == [
        {"study": "S1", "model_version": "2", "finding": "edema", "probability": 0.25}
    ]
    assert len(catalog.predictions()) == 2


def test_a_study_is_queued_once_a_project(catalog: Catalog) -> None:
    add_study(catalog, study(), [image()])
    tasks = [RelabelTask(study="S1", project=project, task=7, pushed_at=NOW) for project in ("1", "2")]
    assert catalog.add_relabel_tasks(tasks) == 2
    assert catalog.add_relabel_tasks([RelabelTask(study="S1", project="1", task=8, pushed_at=NOW)]) == 0
    assert catalog.relabel_tasks("1").to_dict("records") == [
        {"study": "S1", "project": "1", "task": 7, "pushed_at": NOW}
    ]
    assert len(catalog.relabel_tasks()) == 2


def test_missing_values_come_back_as_none(catalog: Catalog) -> None:
    add_study(catalog, study(accession=None, date=None, age=None, sex=None, manufacturer=None), [image()])
    row = catalog.studies("local").iloc[0]
    assert [row[name] for name in ("accession", "date", "sex", "manufacturer", "report")] == [None] * 5
    assert catalog.studies()["age"].isna().all()


def test_empty_frames_have_the_columns_of_full_ones(catalog: Catalog) -> None:
    empty = {name: getattr(catalog, name)() for name in ("studies", "images", "reports", "label_events")}
    add_study(catalog, study(), [image()])
    catalog.append_label_events([event("k")])
    for name, before in empty.items():
        after = getattr(catalog, name)()
        assert before.empty
        assert before.dtypes.equals(after.dtypes)


def test_times_without_a_zone_are_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        event("k", at=datetime(2024, 1, 1))


def test_a_probability_is_between_0_and_1() -> None:
    with pytest.raises(ValueError, match=r"0\.\.1"):
        Prediction(study="S1", model_version="1", finding=Finding.EDEMA, probability=float("nan"))
