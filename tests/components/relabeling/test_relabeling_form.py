"""The reading form: all fourteen findings, valid for Label Studio, and read back as it was filled."""

import pytest

from components.errors import ConfigurationError
from components.findings import FINDINGS, Assertion, Finding
from components.relabeling import labelling_config
from components.relabeling._form import answers, pre_annotation
from components.relabeling._sdk import form_checker


def test_the_form_is_valid_and_asks_for_every_finding() -> None:
    form = form_checker(labelling_config())
    form.validate()
    assert {finding.value for finding in FINDINGS} | {"quality", "box"} == {control.name for control in form.controls}


def test_what_is_filled_in_is_read_back() -> None:
    suggested = {
        Finding.EDEMA: Assertion.PRESENT,
        Finding.FRACTURE: Assertion.ABSENT,
        Finding.PNEUMONIA: Assertion.UNCERTAIN,
    }
    prediction = pre_annotation(suggested, model_version="7", score=0.5)
    assert answers(prediction["result"]) == suggested


def test_an_unmentioned_finding_stays_open() -> None:
    assert pre_annotation({Finding.EDEMA: Assertion.UNMENTIONED}, model_version="7", score=0.5)["result"] == []


def test_a_prediction_that_the_server_would_swallow_is_refused_here() -> None:
    with pytest.raises(ConfigurationError, match="reading form"):
        pre_annotation({Finding.EDEMA: Assertion.PRESENT}, model_version="7", score=7.0)


def test_a_picture_that_is_not_readable_answers_nothing() -> None:
    result = pre_annotation({Finding.EDEMA: Assertion.PRESENT}, model_version="7", score=0.5)["result"]
    quality = {"from_name": "quality", "to_name": "image", "type": "choices", "value": {"choices": ["not readable"]}}
    assert answers([*result, quality]) == {}


def test_boxes_and_what_we_do_not_know_are_no_answers() -> None:
    box = {"from_name": "box", "type": "rectanglelabels", "value": {"x": 1, "rectanglelabels": ["Edema"]}}
    other = {"from_name": "edema", "type": "choices", "value": {"choices": ["maybe"]}}
    assert answers([box, other, {"from_name": "edema", "type": "choices", "value": {}}]) == {}
