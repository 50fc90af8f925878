"""Adding what an ingest prepared: many at once in one transaction, each judged by itself.

One batch is added at a time, whoever adds it: what a batch finds known stays as it is until its end. SQLite's write
lock does that by itself.
"""

from collections.abc import Callable, Collection, Sequence

from sqlalchemy import Connection, select, text

from components.catalog import _tables as t
from components.catalog._records import ImageRecord, ReportRecord, StudyRecord, as_row
from components.catalog._writes import insert_new
from components.errors import CatalogError, WithdrawnError

_LOCK = 7_236_735_068  # any fixed number: the name of our advisory lock on PostgreSQL

Judged = bool | CatalogError
"""Whether a record was new, or in what it contradicts what is known."""


def add_images(
    connection: Connection,
    images: Sequence[tuple[StudyRecord, ImageRecord]],
    place: Callable[[Collection[int]], None],
) -> list[Judged]:
    """Each image judged in order, the new ones added with their studies.

    `place` is called with the numbers of the new ones before anything is committed: it puts their files into the
    store, so that the catalog never names a file that is not there, nor another's file under a name that it knows.
    """
    one_at_a_time(connection)
    owners = _owners(connection, [study.study for study, _ in images])
    studies_of = _studies_of(connection, [image.image for _, image in images])
    known, withdrawn = set(owners), _withdrawn(connection, [study.patient for study, _ in images])
    judged: list[Judged] = [
        _judged(study, image, owners, studies_of) if (study.site, study.patient) not in withdrawn else _gone(study)
        for study, image in images
    ]
    fresh = [number for number, verdict in enumerate(judged) if verdict is True]
    first: dict[str, StudyRecord] = {}
    for number in fresh:
        first.setdefault(images[number][0].study, images[number][0])
    insert_new(connection, t.studies, [as_row(study) for name, study in first.items() if name not in known], ["study"])
    insert_new(connection, t.images, [as_row(images[number][1]) for number in fresh], ["image"])
    place(fresh)
    return judged


def add_reports(connection: Connection, reports: Sequence[tuple[ReportRecord, str]]) -> list[Judged]:
    """Each report judged in order by its version (the key under which it is never stored twice); the new are added."""
    one_at_a_time(connection)
    r = t.reports.c
    versions = set(connection.scalars(select(r.digest).where(r.digest.in_([version for _, version in reports]))))
    patients = {
        (site, report): patient
        for site, report, patient in connection.execute(
            select(r.site, r.report, r.patient).where(r.report.in_([record.report for record, _ in reports]))
        )
    }
    withdrawn = _withdrawn(connection, [record.patient for record, _ in reports])
    judged: list[Judged] = []
    rows = []
    for record, version in reports:
        if (record.site, record.patient) in withdrawn:
            judged.append(_gone(record))
            continue
        patient = patients.setdefault((record.site, record.report), record.patient)
        if patient != record.patient:
            judged.append(_another_patient(record, patient))
            continue
        judged.append(version not in versions)
        if version not in versions:
            versions.add(version)
            rows.append(as_row(record) | {"digest": version})
    if rows:
        connection.execute(t.reports.insert(), rows)
    return judged


def one_at_a_time(connection: Connection) -> None:
    """Waits until no other batch is being added; until this transaction ends, none is."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})


def _withdrawn(connection: Connection, patients: Collection[str]) -> set[tuple[str, str]]:
    w = t.withdrawn.c
    rows = connection.execute(select(w.site, w.patient).where(w.patient.in_(patients)))
    return {(site, patient) for site, patient in rows}


def _gone(record: StudyRecord | ReportRecord) -> WithdrawnError:
    return WithdrawnError(f"Patient {record.patient} withdrew consent: nothing of them is kept.")


def _owners(connection: Connection, studies: Collection[str]) -> dict[str, tuple[str, str]]:
    s = t.studies.c
    rows = connection.execute(select(s.study, s.patient, s.site).where(s.study.in_(studies)))
    return {study: (patient, site) for study, patient, site in rows}


def _studies_of(connection: Connection, images: Collection[str]) -> dict[str, str]:
    i = t.images.c
    return {image: study for image, study in connection.execute(select(i.image, i.study).where(i.image.in_(images)))}


def _judged(
    study: StudyRecord, image: ImageRecord, owners: dict[str, tuple[str, str]], studies_of: dict[str, str]
) -> Judged:
    """The verdict on one image, which counts as known for those after it."""
    home = studies_of.get(image.image)
    if home is not None and home != image.study:
        return CatalogError(
            f"Image {image.image} is known in study {home} and came again in study {image.study}: "
            "an image has one study."
        )
    owner = owners.setdefault(study.study, (study.patient, study.site))
    if owner != (study.patient, study.site):
        return CatalogError(
            f"Study {study.study} is known for patient {owner[0]} at site '{owner[1]}' and came again for "
            f"patient {study.patient} at site '{study.site}': a study has one patient and one site."
        )
    studies_of[image.image] = image.study
    return home is None


def _another_patient(report: ReportRecord, patient: str) -> CatalogError:
    return CatalogError(
        f"Report {report.report} is known for patient {patient} and came again for patient "
        f"{report.patient}: a report has one patient."
    )
