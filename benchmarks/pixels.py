"""Burned-in text: how much of it goes, how often a picture without is held, and what looking costs."""

import os
import statistics
import tempfile
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pydicom
from PIL import Image

from benchmarks._burned_text import LEVELS, BurnedPicture, burned_picture, dataset_of
from benchmarks._table import machine, markdown, ratio, side_by_side
from components.deidentify import Announced, Pseudonymiser, text_to_black_out
from components.errors import RefusedInputError
from components.imaging import read_radiograph
from components.intake import ImageTools, prepare_image
from components.settings import DeidentifySettings, ImagingSettings
from components.simulator import write_hospital

_PICTURES = 80
_OUTCOMES = ("every letter black", "all but a letter or two", "less", "to a person", "missed")
_ROUNDS = 5


def run() -> str:
    """Recall on simulated text, false alarms on real pictures, and the share of intake's time that looking takes."""
    files = sorted((Path(os.environ.get("RADLOOP_SHARED_DATA", "../shared/data")) / "nih").glob("*.jpg"))
    if not files:
        return "Needs shared/data/nih beside the checkout, or RADLOOP_SHARED_DATA."
    return "\n\n".join([machine(), _recall(files), _false_alarms(files), _cost(files)])


def _recall(files: list[Path]) -> str:
    by_level: dict[str, Counter[str]] = {level: Counter() for level in LEVELS}
    for seed in range(_PICTURES):
        picture = burned_picture(files, seed)
        by_level[picture.level][_outcome(picture)] += 1
    rows = [[level, counts.total(), *(counts[word] for word in _OUTCOMES)] for level, counts in by_level.items()]
    total = sum(by_level.values(), Counter())
    rows.append(["all", total.total(), *(total[word] for word in _OUTCOMES)])
    return markdown(["text that is", "pictures", *_OUTCOMES], rows)


def _outcome(picture: BurnedPicture) -> str:
    grey = read_radiograph(dataset_of(picture.stored, picture.bits)).search_picture
    try:
        boxes = text_to_black_out(grey, Announced.NOTHING)
    except RefusedInputError:
        return "to a person"
    black = np.zeros(picture.text.shape, bool)
    for box in boxes:
        black[box.slices] = True
    share = (black & picture.text).sum() / picture.text.sum()
    for least, word in ((0.995, _OUTCOMES[0]), (0.85, _OUTCOMES[1]), (0.01, _OUTCOMES[2])):
        if share >= least:
            return word
    return "missed"


def _false_alarms(files: list[Path]) -> str:
    """Real pictures, with what radiographers put into them: sides, projections, initials on lead markers."""
    counts: Counter[str] = Counter()
    for file in files:
        grey = read_radiograph(dataset_of(np.asarray(Image.open(file), np.uint16), 8)).search_picture
        try:
            counts["blacked out at the edge" if text_to_black_out(grey, Announced.NOTHING) else "left as it is"] += 1
        except RefusedInputError:
            counts["to a person"] += 1
    rows = [[word, count, f"{count / len(files):.1%}"] for word, count in counts.most_common()]
    return markdown([f"{len(files)} NIH pictures", "pictures", "share"], rows)


def _cost(files: list[Path]) -> str:
    tools = ImageTools(
        pseudonymiser=Pseudonymiser(b"k" * 32, max_shift_days=365),
        deidentify=DeidentifySettings(),
        imaging=ImagingSettings(),
        site="local",
    )
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, paths in _exports(Path(folder), files).items():
            greys = [read_radiograph(pydicom.dcmread(path)).search_picture for path in paths]
            seconds = side_by_side(
                {
                    "intake": lambda paths=paths: [prepare_image(path, tools, ()) for path in paths],
                    "looking": lambda greys=greys: [text_to_black_out(grey, Announced.NOTHING) for grey in greys],
                },
                rounds=_ROUNDS,
            )
            each = statistics.median(seconds["intake"]) / len(paths) * 1000
            rows.append([name, len(paths), f"{each:.0f} ms", f"{ratio(seconds['looking'], seconds['intake']):.0%}"])
    return markdown(["pictures", "number", "intake, each", "of it looking for text"], rows)


def _exports(folder: Path, files: list[Path]) -> dict[str, list[Path]]:
    """DICOM files: drawn ones of 256 pixels, and real pictures at three sizes."""
    write_hospital(folder / "drawn", studies=20, seed=1, site="local", size=256)
    drawn = sorted((folder / "drawn").rglob("*.dcm"))
    exports = {"drawn, 256²": drawn}
    header = pydicom.dcmread(drawn[0])
    for side in (512, 1024, 2048):
        exports[f"real, {side}²"] = []
        for number, file in enumerate(files[:: len(files) // 12]):
            grey = cv2.resize(cv2.imread(str(file), cv2.IMREAD_GRAYSCALE), (side, side), interpolation=cv2.INTER_CUBIC)
            path = folder / f"{side}-{number}.dcm"
            _wrapped(header, grey.astype(np.uint16) * 16).save_as(path, enforce_file_format=True)
            exports[f"real, {side}²"].append(path)
    return exports


def _wrapped(header: pydicom.FileDataset, stored: np.ndarray) -> pydicom.FileDataset:
    pixels = dataset_of(stored, 12)
    for element in pixels:
        header[element.tag] = element
    for keyword in ("WindowCenter", "WindowWidth", "VOILUTSequence"):
        header.pop(keyword, None)
    header.file_meta.TransferSyntaxUID = pixels.file_meta.TransferSyntaxUID
    return header
