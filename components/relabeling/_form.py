"""The reading form: Label Studio's configuration, the pre-annotation that fills it, and what a filled form says."""

import functools
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from jinja2 import Environment, StrictUndefined

from components.errors import ConfigurationError
from components.findings import FINDINGS, Assertion, Finding
from components.relabeling._sdk import form_checker

_ANSWERS = {"positive": Assertion.PRESENT, "negative": Assertion.ABSENT, "uncertain": Assertion.UNCERTAIN}
_WORDS = {assertion: word for word, assertion in _ANSWERS.items()}
_QUALITY, _NOT_READABLE = "quality", "not readable"


@functools.cache
def labelling_config() -> str:
    """The project's labelling configuration (XML): picture, boxes, report text, one choice a finding, quality."""
    template = resources.files(__package__).joinpath("readings.xml").read_text()
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    return environment.from_string(template).render(findings=FINDINGS)


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


def answers(result: Sequence[Mapping[str, Any]]) -> dict[Finding, Assertion]:
    """What a filled form asserts; nothing when the reader called the picture not readable."""
    chosen = {
        region["from_name"]: region["value"]["choices"][0]
        for region in result
        if region.get("type") == "choices" and region.get("value", {}).get("choices")
    }
    if chosen.get(_QUALITY) == _NOT_READABLE:
        return {}
    return {finding: _ANSWERS[word] for finding in FINDINGS if (word := chosen.get(finding.value)) in _ANSWERS}
