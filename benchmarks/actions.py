"""Right actions / required actions on the simulator's export, in the categories of the MIDI-B challenge."""

import csv
import subprocess
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pydicom
from pydicom import Dataset

from benchmarks._required import Category, Days, element_at, required_of
from benchmarks._table import PEERS, markdown
from components.deidentify import Pseudonymiser, deidentify_dataset, quiet_dicom
from components.settings import DeidentifySettings
from components.simulator import Site, write_hospital

STUDIES = 150
_SCRIPT = Path(__file__).with_name("_contender.py")
_PROGRAMS = ("dicom-anonymizer", "dicognito", "deid")


@dataclass
class Score:
    """How many actions were required and right, and where wrong ones happened (keywords, never values)."""

    required: Counter[Category] = field(default_factory=Counter)
    right: Counter[Category] = field(default_factory=Counter)
    wrong: Counter[tuple[Category, str]] = field(default_factory=Counter)

    def count(self, category: Category, where: str, right: bool) -> None:
        """Adds one action."""
        self.required[category] += 1
        self.right[category] += right
        if not right:
            self.wrong[category, where] += 1

    @property
    def share(self) -> float:
        """Right actions / required actions."""
        return self.right.total() / self.required.total()


def run() -> str:
    """Shares by category of radloop and its peers, each with its defaults."""
    with tempfile.TemporaryDirectory() as folder:
        hospital = Path(folder, "hospital")
        write_hospital(hospital, studies=STUDIES, seed=3, site=Site.LOCAL, size=64)
        cleaned = Path(folder, "radloop")
        clean(hospital / "export" / "dicom", cleaned)
        scores = {"radloop": score(hospital, cleaned)}
        for name in _PROGRAMS if PEERS.exists() else ():
            command = [PEERS, _SCRIPT, name, "clean", hospital / "export" / "dicom", Path(folder, name)]
            subprocess.run(command, check=True, capture_output=True)
            scores[name] = score(hospital, Path(folder, name))
    rows = [[category, scores["radloop"].required[category], *_shares(scores, category)] for category in Category]
    total = [f"{100 * each.share:.2f} %" for each in scores.values()]
    rows.append(["all", scores["radloop"].required.total(), *total])
    return markdown(["category", "required", *scores], rows)


def clean(source: Path, target: Path) -> None:
    """Writes each file of `source`, de-identified with the default settings, to the same place below `target`."""
    pseudonymiser, settings = Pseudonymiser(b"benchmark" * 4, max_shift_days=365), DeidentifySettings()
    for path in sorted(source.rglob("*.dcm")):
        out = target / path.relative_to(source)
        out.parent.mkdir(parents=True, exist_ok=True)
        safe = deidentify_dataset(pydicom.dcmread(path), pseudonymiser, settings).dataset
        safe.save_as(out, enforce_file_format=True)


def score(hospital: Path, cleaned: Path) -> Score:
    """Compares the export of an invented hospital with what de-identification made of it (the same paths)."""
    result, days, source = Score(), defaultdict[str, Days](Days), hospital / "export" / "dicom"
    uids, patients = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    markers = _markers(hospital)
    with quiet_dicom():
        for path in sorted(source.rglob("*.dcm")):
            before, out = pydicom.dcmread(path), cleaned / path.relative_to(source)
            after = pydicom.dcmread(out, force=True) if out.exists() else Dataset()
            patient = str(before.PatientID)
            for place, required in required_of(before, markers, days[patient]):
                element = element_at(after, place)
                result.count(required.category, required.where, required.right(element))
            content = out.read_bytes().lower() if out.exists() else b""
            named = any(marker.encode("latin-1") in content for marker in markers)
            result.count(Category.TEXT_REMOVED, "the file's bytes", bool(content) and not named)
            result.count(Category.PIXELS_RETAINED, "PixelData", _same_picture(before, after))
            patients[patient].add(str(after.get("PatientID")))
            for old, new in _uid_pairs(before, after):
                uids[old].add(new)
    _consistent(result, Category.UID_CONSISTENT, uids)
    _consistent(result, Category.PATIENT_ID_CONSISTENT, patients)
    return result


def _markers(hospital: Path) -> frozenset[str]:
    with (hospital / "identities.csv").open(newline="", encoding="utf-8") as file:
        return frozenset(row["marker"].casefold() for row in csv.DictReader(file))


def _same_picture(before: Dataset, after: Dataset) -> bool:
    return "PixelData" in after and np.array_equal(before.pixel_array, after.pixel_array)


def _uid_pairs(before: Dataset, after: Dataset) -> Iterator[tuple[str, str]]:
    """Each of the file's own UIDs with what it became, that of the file meta information too."""
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        yield str(before[keyword].value), str(after.get(keyword))
    meta = getattr(after, "file_meta", Dataset())
    yield str(before.SOPInstanceUID), str(meta.get("MediaStorageSOPInstanceUID"))


def _consistent(result: Score, category: Category, became: dict[str, set[str]]) -> None:
    """One original, one new value, and no two originals the same."""
    taken = Counter(new for news in became.values() for new in news)
    for old, news in became.items():
        one = len(news) == 1 and not news & {old, "", "None"}
        result.count(category, "all files", one and all(taken[new] == 1 for new in news))


def _shares(scores: dict[str, Score], category: Category) -> Iterable[str]:
    for each in scores.values():
        yield f"{100 * each.right[category] / each.required[category]:.2f} %" if each.required[category] else "–"
