"""The reading form: Label Studio's configuration, the pre-annotation that fills it, and what a filled form says."""

import functools
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from jinja2 import Environment, StrictUndefined

from components.catalog import Box, ImageQuality
from components.errors import ConfigurationError
from components.findings import FINDINGS, Assertion, Finding
from components.relabeling._sdk import form_checker
from components.relabeling._task import Purpose

_ANSWERS = {"positive": Assertion.PRESENT, "negative": Assertion.ABSENT, "uncertain": Assertion.UNCERTAIN}
_WORDS = {assertion: word for word, assertion in _ANSWERS.items()}
_QUALITY, _NOT_READABLE = "quality", "not readable"
_VIEW, _WRONG_VIEW = "view", "wrong view"
_PERCENT, _DIGITS = 100, 6
_TITLES = {finding.title: finding for finding in FINDINGS}
_Result = Sequence[Mapping[str, Any]]


@functools.cache
def labelling_config(purpose: Purpose = Purpose.TRAINING) -> str:
    """The project's labelling configuration (XML): picture, boxes, one choice a finding, quality, view.

    A form for training labels shows the report and where the model looked; one for the reference standard does not.
    """
    template = resources.files(__package__).joinpath("readings.xml").read_text()
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    return environment.from_string(template).render(findings=FINDINGS, guided=purpose is Purpose.TRAINING)


@functools.cache
def _checker() -> Any:
    return form_checker(labelling_config())


def pre_annotation(suggested: Mapping[Finding, Assertion], *, model_version: str, score: float) -> dict[str, Any]:
    """The prediction that fills the form, checked here because the server takes a wrong one without a word.

    Raises:
        ConfigurationError: it does not fit the labelling configuration.
    """
    filled = [_choice(finding, _WORDS[said]) for finding, said in suggested.items() if said in _WORDS]
    prediction = {"model_version": model_version, "score": score, "result": filled}
    problems = _checker().validate_prediction(prediction, return_errors=True)
    if problems:
        raise ConfigurationError(f"The pre-annotation does not fit the reading form: {problems[0]}")
    return prediction


def _choice(finding: Finding, word: str) -> dict[str, Any]:
    return {
        "id": finding.value,
        "from_name": finding.value,
        "to_name": "image",
        "type": "choices",
        "value": {"choices": [word]},
    }


def answers(result: _Result) -> dict[Finding, Assertion]:
    """What a filled form asserts; nothing when the reader called the picture not readable."""
    chosen = _chosen(result)
    if chosen.get(_QUALITY) == _NOT_READABLE:
        return {}
    return {finding: _ANSWERS[word] for finding in FINDINGS if (word := chosen.get(finding.value)) in _ANSWERS}


def is_readable(result: _Result) -> bool:
    """Whether the reader could read the picture."""
    return _chosen(result).get(_QUALITY) != _NOT_READABLE


def quality(result: _Result) -> ImageQuality | None:
    """How good the picture is; None where the reader did not say, or could not read it."""
    word = _chosen(result).get(_QUALITY)
    return ImageQuality(word) if word in set(ImageQuality) else None


def is_wrong_view(result: _Result) -> bool:
    """Whether the picture is of another view than the study's header says."""
    return _chosen(result).get(_VIEW) == _WRONG_VIEW


def boxes(result: _Result) -> tuple[Box, ...]:
    """Where findings lie; each box as shares of the picture, cut at its borders."""
    drawn = [region["value"] for region in result if region.get("type") == "rectanglelabels"]
    return tuple(
        _box(_TITLES[title], value) for value in drawn for title in value.get("rectanglelabels", []) if title in _TITLES
    )


def _box(finding: Finding, value: Mapping[str, Any]) -> Box:
    """Label Studio counts in percent and lets a box stand out of the picture by a rounding."""
    left, top = _share(value["x"]), _share(value["y"])
    right, bottom = _share(value["x"] + value["width"]), _share(value["y"] + value["height"])
    return Box(finding=finding, x=left, y=top, width=round(right - left, _DIGITS), height=round(bottom - top, _DIGITS))


def _share(percent: float) -> float:
    return round(min(max(percent / _PERCENT, 0.0), 1.0), _DIGITS)


def _chosen(result: _Result) -> dict[str, str]:
    """Control → the one word chosen."""
    return {
        region["from_name"]: region["value"]["choices"][0]
        for region in result
        if region.get("type") == "choices" and region.get("value", {}).get("choices")
    }
