"""What lies in files of one patient taken away: the store's images, and whatever still names them."""

from collections.abc import Iterable
from pathlib import Path

from upath import UPath

from components.intake._belonging import PatientFile
from components.intake._disk import writing
from components.intake._quarantine import THE_QUARANTINE
from components.intake._runs import RunFolder

_KINDS = ("dicom", "input")


def stored_files(store: UPath, patient: str, keys: Iterable[str]) -> set[str]:
    """Keys of the patient's files in the store: those the catalog names, and those that a crash left without it."""
    found = {key for key in keys if (store / key).exists()}
    for kind in _KINDS:
        folder = store / kind / patient
        if folder.exists():
            found |= {f"{kind}/{patient}/{_below(folder, file)}" for file in folder.rglob("*") if file.is_file()}
    return found


def remove_stored(store: UPath, patient: str, keys: Iterable[str]) -> None:
    """Removes these files and the patient's folders.

    Raises:
        StorageError: one cannot be removed.
    """
    with writing("The image store"):
        for key in keys:
            (store / key).unlink(missing_ok=True)
        for kind in _KINDS:
            folder = store / kind / patient
            if folder.exists():  # an object store has no folders
                folder.fs.rm(folder.path, recursive=True)


def remove_files(files: Iterable[PatientFile], *, below: Path) -> None:
    """Removes files that name the patient, each with its note, and folders below that are empty then.

    Raises:
        StorageError: one cannot be removed.
    """
    with writing(THE_QUARANTINE if below.name == "quarantine" else "The inbox"):
        for file in files:
            for path in (file.path.with_suffix(".json"), file.path):  # the note first: it is found by its file
                path.unlink(missing_ok=True)
            folder = file.path.parent
            if folder != below and not any(folder.iterdir()):
                folder.rmdir()


def clear_crashed_runs(quarantine: Path, store: UPath) -> None:
    """Removes what a run that was killed had under way: names and images among it."""
    places = [quarantine] if store.protocol not in ("", "file", "local") else [quarantine, Path(store.path)]
    for place in places:
        with RunFolder(place, "The home"):
            pass


def _below(folder: UPath, file: UPath) -> str:
    return str(file.path)[len(str(folder.path).rstrip("/")) + 1 :]
