"""Opening makes or migrates the database; what stands in the way is said in one clear sentence, without password."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from catalog_records import add_study, image, study
from servers import PostgresServer
from sqlalchemy import text

from components.catalog import Catalog
from components.catalog._tables import metadata
from components.errors import CatalogError, ConfigurationError, ServerError, StorageError


def test_what_was_added_is_there_after_closing(catalog_url: str) -> None:
    for new in (True, False):
        with Catalog.open(catalog_url) as catalog:
            assert add_study(catalog, study(), [image()]) is new


def test_the_migrations_make_the_tables_that_the_code_knows(catalog: Catalog) -> None:
    with catalog._reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_a_newer_schema_is_refused(catalog_url: str) -> None:
    with Catalog.open(catalog_url) as catalog, catalog._writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(CatalogError, match=r"revision 9999.* is newer .* install the newer radloop"):
        Catalog.open(catalog_url)


def test_sqlite_keeps_a_write_ahead_log_and_foreign_keys(tmp_path: Path) -> None:
    with Catalog.open(f"sqlite:///{tmp_path / 'catalog.db'}") as catalog, catalog._reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() >= 10_000


def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    with pytest.raises(ServerError, match=r"'radloop' at 127.0.0.1:1 does not answer: start the server") as caught:
        Catalog.open("postgresql://keeper:hush-hush@127.0.0.1:1/radloop")
    chain = f"{caught.value!r} {caught.value.__cause__!r}"
    assert "hush-hush" not in chain
    assert "keeper" not in str(caught.value)


@pytest.mark.server
def test_what_a_server_refuses_is_said(postgres: PostgresServer) -> None:
    with pytest.raises(ServerError, match="does not exist: create it"):
        Catalog.open(postgres.url("nowhere"))
    with pytest.raises(ServerError, match="refuses the user or password"):
        Catalog.open(postgres.url().replace("postgres@", "stranger:hush-hush@"))


@pytest.mark.server
def test_both_ways_to_write_a_postgresql_url_work(postgres: PostgresServer) -> None:
    url = postgres.new_database().replace("postgresql://", "postgresql+psycopg://")
    with Catalog.open(url) as catalog:
        assert catalog.counts()["studies"] == 0


@pytest.mark.server
def test_a_read_only_server_is_said(postgres: PostgresServer) -> None:
    url = postgres.new_database()
    with Catalog.open(url) as catalog:
        with catalog._writing() as connection:
            connection.execute(text("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"))
        with pytest.raises(StorageError, match="read-only"):
            add_study(catalog, study(), [image()])


@pytest.mark.parametrize("url", ["mysql://u:hush-hush@h/d", "no url", "postgresql://u:hush-hush@h:port/d"])
def test_a_wrong_url_is_a_wrong_setting(url: str) -> None:
    with pytest.raises(ConfigurationError, match="'catalog_url'") as caught:
        Catalog.open(url)
    assert "hush-hush" not in f"{caught.value!r} {caught.value.__cause__!r}"


@pytest.mark.parametrize(
    ("pragma", "sentence"),
    [("PRAGMA query_only=ON", "give write access"), ("PRAGMA max_page_count=1", "disk is full")],
)
def test_a_file_that_cannot_grow_or_be_written_is_said(tmp_path: Path, pragma: str, sentence: str) -> None:
    with Catalog.open(f"sqlite:///{tmp_path / 'catalog.db'}") as catalog:
        with catalog._reading() as connection:
            connection.exec_driver_sql(pragma)
        with pytest.raises(StorageError, match=sentence):
            for number in range(1000):
                add_study(catalog, study(f"S{number}"), [image(f"I{number}", f"S{number}")])


def test_a_file_of_something_else_is_said(tmp_path: Path) -> None:
    file = tmp_path / "catalog.db"
    file.write_bytes(b"not a database at all" * 100)
    with pytest.raises(StorageError, match="is not an SQLite database"):
        Catalog.open(f"sqlite:///{file}")


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot be made"):
        Catalog.open(f"sqlite:///{tmp_path / 'file' / 'sub' / 'catalog.db'}")
