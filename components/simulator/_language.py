"""Radiologists' sentences for what is there, what is not and what might be."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import yaml

from components.findings import Finding
from components.simulator._chance import happens, pick
from components.simulator._devices import devices_of
from components.simulator._disease import Place, clavicle_broken, lesion_radius, nodules, upper_lobe
from components.simulator._words import Statement

_BILATERAL = frozenset(
    {
        Finding.LUNG_OPACITY,
        Finding.PNEUMONIA,
        Finding.ATELECTASIS,
        Finding.PLEURAL_EFFUSION,
        Finding.PLEURAL_OTHER,
    }
)
"""Findings that the pictures draw on both sides where the place says so."""

_MENTIONED = {
    Finding.PNEUMOTHORAX: 0.85,
    Finding.PLEURAL_EFFUSION: 0.85,
    Finding.CARDIOMEGALY: 0.75,
    Finding.CONSOLIDATION: 0.60,
    Finding.ENLARGED_CARDIOMEDIASTINUM: 0.50,
    Finding.LUNG_OPACITY: 0.40,
    Finding.EDEMA: 0.35,
    Finding.PNEUMONIA: 0.20,
    Finding.FRACTURE: 0.20,
    Finding.LUNG_LESION: 0.15,
    Finding.ATELECTASIS: 0.08,
    Finding.PLEURAL_OTHER: 0.08,
    Finding.SUPPORT_DEVICES: 0.05,
}
"""How often a radiologist says that a finding is not there."""


_LONG_LIST = 3
_BODY_UNIT_CM = 20.0
_HEART = (Finding.CARDIOMEGALY, Finding.ENLARGED_CARDIOMEDIASTINUM)
_ALONE = (*_HEART, Finding.SUPPORT_DEVICES)
"""Denied in a sentence of their own, not in lists."""


@cache
def phrases() -> Mapping[str, Any]:
    """The phrase book, phrases.yaml."""
    text = files("components.simulator").joinpath("phrases.yaml").read_text(encoding="utf-8")
    book: Mapping[str, Any] = yaml.safe_load(text)
    return book


def finding_sentence(finding: Finding, place: Place, statement: Statement, rng: np.random.Generator) -> str:
    """One sentence that states `finding`."""
    words = _words(finding, place)
    if finding is Finding.SUPPORT_DEVICES and statement is Statement.PRESENT:
        book = phrases()["devices"]
        return " ".join(_filled(pick(rng, book[device]), words) for device in devices_of(place))
    return _filled(pick(rng, phrases()["findings"][finding.value][statement.value]), words)


def absent_sentences(absent: list[Finding], rng: np.random.Generator) -> list[str]:
    """Sentences that deny some of the `absent` findings, alone or in lists."""
    chosen = [finding for finding in absent if happens(rng, _MENTIONED.get(finding, 0))]
    sentences = []
    if all(finding in chosen for finding in _HEART) and happens(rng, 0.6):
        sentences.append(pick(rng, phrases()["heart_and_mediastinum"]))
        chosen = [finding for finding in chosen if finding not in _HEART]
    listed = [finding for finding in chosen if finding not in _ALONE and happens(rng, 0.65)]
    alone = [finding for finding in chosen if finding not in listed]
    order = [listed[int(index)] for index in rng.permutation(len(listed))]
    while len(order) > 1:
        number = 3 if len(order) >= _LONG_LIST and happens(rng, 0.6) else 2
        sentences.append(_denied(order[:number], rng))
        order = order[number:]
    alone += order
    book = phrases()["findings"]
    return sentences + [pick(rng, book[finding.value]["absent"]) for finding in alone]


def _denied(group: list[Finding], rng: np.random.Generator) -> str:
    nouns = [pick(rng, phrases()["findings"][finding.value]["nouns"]) for finding in group]
    words = dict(zip("abc", nouns, strict=False))
    frame = pick(rng, phrases()["negations"]["three" if len(group) == _LONG_LIST else "two"])
    return _filled(frame, words)


def _words(finding: Finding, place: Place) -> dict[str, str]:
    """What the placeholders of phrases.yaml stand for at this place."""
    both = place.both and finding in _BILATERAL
    side = "right" if place.side < 0 else "left"
    ribs = not clavicle_broken(place)
    number = nodules(place)
    low, high = ("upper", "lower") if finding is Finding.CONSOLIDATION else ("upper", "mid")
    zone = low if place.level < 0.4 else high if place.level < 0.7 else "lower"  # noqa: PLR2004
    return {
        "side": "bilateral" if both else side,
        "side1": side,
        "side2": "both sides" if both else side,
        "other": "left" if side == "right" else "right",
        "s": "s" if both else "",
        "ies": "ies" if both else "y",
        "is": "are" if both else "is a",
        "zone": zone,
        "lobe": "upper" if upper_lobe(place) else "lower",
        "size": ("small", "moderate", "large")[min(2, int(place.extent * 3))],
        "grade": ("mild", "moderate", "marked")[min(2, int(place.extent * 3))],
        "gradely": ("mildly", "moderately", "markedly")[min(2, int(place.extent * 3))],
        "cm": f"{_centimetres(finding, place):.1f}",
        "count": ("one", "two", "three", "four")[number - 1],
        "nodules": "nodule" if number == 1 else "nodules",
        "bone": "rib" if ribs else "clavicle",
        "bones": "ribs" if ribs else "clavicle",
        "fs": "s" if ribs else "",
        "are": "are" if ribs else "is a",
    }


def _centimetres(finding: Finding, place: Place) -> float:
    """What a sentence on the finding measures: a nodule across, the mediastinum's width, a gap or a distance."""
    if finding is Finding.LUNG_LESION:
        return 2 * lesion_radius(place) * _BODY_UNIT_CM
    return 8 + 3 * place.extent if finding is Finding.ENLARGED_CARDIOMEDIASTINUM else 2 + 3 * place.extent


def _filled(frame: str, words: Mapping[str, str]) -> str:
    capitalised = {key.capitalize(): value.capitalize() for key, value in words.items()}
    sentence = frame.format_map({**capitalised, **words})
    return sentence[:1].upper() + sentence[1:]
