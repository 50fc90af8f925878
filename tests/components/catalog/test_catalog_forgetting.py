"""Withdrawal of consent: all of one patient leaves, nothing of anybody else, and nothing but a withdrawal lets it."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from alembic import command
from alembic.config import Config
from catalog_records import NOW, add_report, add_study, event, image, report, study
from sqlalchemy import Connection, text

from components.catalog import Box, Catalog, ImageQuality, Prediction, Reading, RelabelTask, Side
from components.catalog import _migrate as migrations
from components.catalog._engine import create_catalog_engine, parse_url
from components.errors import CatalogError, WithdrawnError
from components.findings import Finding

_TABLES = ("studies", "images", "reports", "label_events", "readings", "predictions", "relabel_tasks")


def fill(catalog: Catalog, patient: str) -> None:
    """Something of one patient in every table, two studies among it."""
    for number in (1, 2):
        name = f"{patient}-{number}"
        add_study(catalog, study(f"S{name}", patient=patient, accession=f"A{name}"), [image(f"I{name}", f"S{name}")])
        add_report(catalog, report(f"R{name}", patient=patient, accession=f"A{name}"))
        catalog.append_label_events([event(f"k{name}", f"S{name}")])
    add_report(catalog, report(f"Rwaiting-{patient}", patient=patient, accession=f"Awaiting-{patient}"))
    catalog.link_reports()
    first = f"{patient}-1"
    box = Box(finding=Finding.EDEMA, x=0.1, y=0.2, width=0.3, height=0.4)
    catalog.add_readings(
        [
            Reading(
                study=f"S{first}", image=f"I{first}", author="R1", at=NOW, key=f"f{first}", quality=ImageQuality.GOOD,
                readable=True, wrong_view=False, withdrawn=False, boxes=(box,),
            )
        ]
    )  # fmt: skip
    prediction = Prediction(study=f"S{first}", model_version="1", finding=Finding.EDEMA, probability=0.5)
    catalog.add_predictions([prediction])
    catalog.add_relabel_tasks([RelabelTask(study=f"S{first}", project="p", task=len(patient), pushed_at=NOW)])
    catalog.assign_sides("local", {patient: Side.TEST})


def everything(catalog: Catalog) -> dict[str, pd.DataFrame]:
    return {name: getattr(catalog, name)() for name in _TABLES}


def test_all_of_one_patient_leaves_and_nothing_of_another(catalog: Catalog) -> None:
    fill(catalog, "Pstay")
    before = everything(catalog)
    fill(catalog, "Pgo")
    held = catalog.holdings("Pgo")
    assert (held.sites, held.studies, held.images) == (("local",), ("SPgo-1", "SPgo-2"), ("IPgo-1", "IPgo-2"))
    assert held.accessions == ("APgo-1", "APgo-2", "Awaiting-Pgo")
    assert held.tasks == (("SPgo-1", 3),)
    assert len(held.files) == 4
    assert {"Pgo", "SPgo-1", "IPgo-2", "RPgo-1", "Rwaiting-Pgo"} < held.pseudonyms
    catalog.withdraw("Pgo", site="local", now=NOW)
    removed = catalog.forget("Pgo")
    assert removed == held.rows == {
        "studies": 2, "images": 2, "reports": 3, "label_events": 2, "readings": 1, "predictions": 1,
        "relabel_tasks": 1, "sides": 1,
    }  # fmt: skip
    for name, frame in everything(catalog).items():
        pd.testing.assert_frame_equal(frame, before[name])
    assert catalog.sides("local") == {"Pstay": Side.TEST}
    assert catalog.withdrawn("local") == {"Pgo"}
    assert catalog.withdrawn("elsewhere") == set()
    assert catalog.holdings("Pgo").rows == {}
    assert catalog.forget("Pgo") == {}, "again, as after a kill"


def test_who_withdrew_is_taken_in_no_more_until_consent_is_given_again(catalog: Catalog) -> None:
    fill(catalog, "P1")
    catalog.withdraw("P1", site="local", now=NOW)
    for adding in (
        lambda: add_study(catalog, study("Snew"), [image("Inew", "Snew")]),
        lambda: add_report(catalog, report("Rnew")),
    ):
        with pytest.raises(WithdrawnError, match="Patient P1 withdrew"):
            adding()
    judged = catalog.add_images([(study("Snew"), image("Inew", "Snew"))], lambda new: None)
    assert [type(verdict) for verdict in judged] == [WithdrawnError]
    assert "Snew" not in set(catalog.studies()["study"])
    catalog.forget("P1")
    assert catalog.readmit("P1")
    assert catalog.sides("local") == {"P1": Side.TEST}, "a patient stays on one side for ever"
    assert add_study(catalog, study("Snew"), [image("Inew", "Snew")])
    assert not catalog.readmit("P1")


def test_a_withdrawal_that_was_interrupted_keeps_the_side(catalog: Catalog) -> None:
    fill(catalog, "P1")
    for _ in range(2):
        catalog.withdraw("P1", site="local", now=NOW)
    assert catalog.readmit("P1")
    assert catalog.sides("local") == {"P1": Side.TEST}


_OF_THE_WITHDRAWN = (
    "DELETE FROM label_events WHERE study LIKE 'SPgo%'",
    "DELETE FROM readings WHERE study LIKE 'SPgo%'",
    "DELETE FROM sides WHERE patient = 'Pgo'",
)
_NEVER = (
    "UPDATE label_events SET assertion = 'absent'",
    "UPDATE readings SET author = 'R2'",
    "UPDATE sides SET side = 'train'",
    "DELETE FROM label_events",
    "DELETE FROM readings",
    "DELETE FROM sides",
)


def refused(catalog: Catalog, statement: str) -> bool:
    try:
        with catalog._writing() as connection:
            connection.execute(text(statement))
    except CatalogError:
        return True
    return False


def test_only_rows_of_the_withdrawn_can_be_removed_and_none_altered(catalog: Catalog) -> None:
    fill(catalog, "Pstay")
    fill(catalog, "Pgo")
    assert all(refused(catalog, statement) for statement in (*_NEVER, *_OF_THE_WITHDRAWN))
    catalog.withdraw("Pgo", site="local", now=NOW)
    assert all(refused(catalog, statement) for statement in _NEVER)
    assert len(catalog.label_events()) == 4
    assert not any(refused(catalog, statement) for statement in _OF_THE_WITHDRAWN)
    assert len(catalog.label_events()) == 2


def test_who_did_not_withdraw_is_not_forgotten(catalog: Catalog) -> None:
    fill(catalog, "P1")
    with pytest.raises(CatalogError, match="did not withdraw"):
        catalog.forget("P1")
    assert len(catalog.studies()) == 2


def test_forgotten_bytes_are_gone_from_the_file_and_its_log(tmp_path: Path) -> None:
    file = tmp_path / "catalog.db"
    with Catalog.open(f"sqlite:///{file}") as catalog:
        for patient in ("Pstay", "Pgo"):
            fill(catalog, patient)
        add_report(catalog, report("RPgo-1", patient="Pgo", findings="A remarkable sentence."))
        catalog.withdraw("Pgo", site="local", now=NOW)
        catalog.forget("Pgo")
        left = b"".join(path.read_bytes() for path in tmp_path.glob("catalog.db*"))
    assert not [word for word in (b"SPgo", b"IPgo", b"APgo", b"RPgo", b"remarkable") if word in left]
    assert b"SPstay" in left


def test_every_pseudonym_is_named_for_a_rotation(catalog: Catalog) -> None:
    fill(catalog, "P1")
    catalog.withdraw("P9", site="local", now=NOW)
    found = set(catalog.pseudonyms())
    assert {"P1", "P9", "SP1-1", "IP1-2", "AP1-1", "Awaiting-P1", "RP1-2", "Rwaiting-P1", "R1"} <= found
    assert None not in found


@pytest.fixture
def first_schema(catalog_url: str) -> Iterator[Connection]:
    """A database as revision 0001 left it."""
    engine = create_catalog_engine(parse_url(catalog_url))
    with engine.connect() as connection, connection.begin():
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(migrations._FOLDER))
        config.set_main_option("path_separator", "os")
        command.upgrade(config, "0001")
        connection.execute(
            text(
                "INSERT INTO studies (study, patient, accession, site, date, modality) "
                "VALUES ('S1', 'P1', 'A1', 'local', '2024-01-10', 'DX')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO reports (digest, report, patient, study, site, status, findings, impression, received) "
                "VALUES ('d', 'R1', 'P1', 'S1', 'local', 'final', 'f', 'i', '2024-03-01 12:00:00')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO label_events (study, finding, assertion, source, author, at, key) "
                "VALUES ('S1', 'edema', 'present', 'labeler', 'rules-1', '2024-03-01 12:00:00', 'k')"
            )
        )
        connection.execute(text("INSERT INTO sides (site, patient, side) VALUES ('local', 'P1', 'test')"))
        yield connection
    engine.dispose()


def test_a_database_of_the_first_schema_is_brought_up_with_its_rows(first_schema: Connection, catalog_url: str) -> None:
    first_schema.commit()
    with Catalog.open(catalog_url) as catalog:
        assert catalog.studies()["time"].tolist() == [None]
        assert catalog.reports()["issued"].isna().all()
        assert catalog.label_events()["key"].tolist() == ["k"]
        with pytest.raises(CatalogError), catalog._writing() as connection:
            connection.execute(text("DELETE FROM label_events"))
        catalog.withdraw("P1", site="local", now=NOW)
        assert catalog.forget("P1") == {"label_events": 1, "reports": 1, "studies": 1, "sides": 1}


def test_the_second_schema_goes_back_to_the_first_with_its_guards(catalog_url: str) -> None:
    with Catalog.open(catalog_url) as catalog:
        fill(catalog, "P1")
        with catalog._writing() as connection:
            config = Config(attributes={"connection": connection})
            config.set_main_option("script_location", str(migrations._FOLDER))
            config.set_main_option("path_separator", "os")
            command.downgrade(config, "0001")
        with pytest.raises(CatalogError), catalog._writing() as connection:
            connection.execute(text("DELETE FROM label_events"))
    with Catalog.open(catalog_url) as again:
        assert len(again.label_events()) == 2
