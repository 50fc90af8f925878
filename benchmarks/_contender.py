"""One program that de-identifies, in a process of its own and as its manual says: over a folder, or timed.

python _contender.py PROGRAM clean IN OUT      writes IN's files, de-identified, below OUT
python _contender.py PROGRAM time HEADER BIG N prints seconds of processor time a round as JSON: the header alone;
                                               read and write; read, de-identify and write

The peers run in an environment of their own: nothing of radloop is imported but for radloop itself.
"""

import contextlib
import io
import json
import logging
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import pydicom


def _radloop() -> Callable[[pydicom.Dataset], pydicom.Dataset]:
    sys.path.insert(0, str(Path(__file__).parent.parent))
    from components.deidentify import Pseudonymiser, deidentify_dataset
    from components.settings import DeidentifySettings

    pseudonymiser, settings = Pseudonymiser(b"benchmark" * 4, max_shift_days=365), DeidentifySettings()
    return lambda ds: deidentify_dataset(ds, pseudonymiser, settings).dataset


def _dicom_anonymizer() -> Callable[[pydicom.Dataset], pydicom.Dataset]:
    from dicomanonymizer import anonymize_dataset

    def clean(ds: pydicom.Dataset) -> pydicom.Dataset:
        with contextlib.redirect_stdout(io.StringIO()):
            anonymize_dataset(ds)
        return ds

    return clean


def _dicognito() -> Callable[[pydicom.Dataset], pydicom.Dataset]:
    from dicognito.anonymizer import Anonymizer

    anonymizer = Anonymizer(seed="benchmark")

    def clean(ds: pydicom.Dataset) -> pydicom.Dataset:
        anonymizer.anonymize(ds)
        return ds

    return clean


def _deid() -> Callable[[pydicom.Dataset], pydicom.Dataset]:
    from deid.config import DeidRecipe
    from deid.dicom.parser import DicomParser
    from deid.logger import bot

    bot.level = -1
    recipe = DeidRecipe()

    def clean(ds: pydicom.Dataset) -> pydicom.Dataset:
        parser = DicomParser(ds, recipe=recipe)
        parser.parse(strip_sequences=False, remove_private=True)
        return parser.dicom

    return clean


PROGRAMS = {"radloop": _radloop, "dicom-anonymizer": _dicom_anonymizer, "dicognito": _dicognito, "deid": _deid}


def _clean(program: str, source: Path, target: Path) -> None:
    clean = PROGRAMS[program]()
    for path in sorted(source.rglob("*.dcm")):
        out = target / path.relative_to(source)
        out.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(Exception):  # a file that the program cannot do stays missing, and counts as such
            clean(pydicom.dcmread(path)).save_as(out)


def _timed(program: str, header: Path, big: Path, rounds: int) -> dict[str, list[float]]:
    clean, out = PROGRAMS[program](), big.with_name(f"{program}.dcm")
    headers = [pydicom.dcmread(header) for _ in range(rounds + 1)]
    seconds = {
        "header": [_seconds(lambda ds=ds: clean(ds)) for ds in headers],
        "copy": [],
        "whole": [],
    }
    for _ in headers:
        seconds["copy"].append(_seconds(lambda: pydicom.dcmread(big).save_as(out)))
        seconds["whole"].append(_seconds(lambda: clean(pydicom.dcmread(big)).save_as(out)))
    return {name: taken[1:] for name, taken in seconds.items()}  # the first round warms up


def _seconds(work: Callable[[], object]) -> float:
    """Of processor time, the system's for the files included: others use the machine as well."""
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    name, task, *rest = sys.argv[1:]
    if task == "clean":
        _clean(name, Path(rest[0]), Path(rest[1]))
    else:
        print(json.dumps(_timed(name, Path(rest[0]), Path(rest[1]), int(rest[2]))))
