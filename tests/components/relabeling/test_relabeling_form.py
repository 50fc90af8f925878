"""The reading form: all fourteen findings, valid for Label Studio, and read back as it was filled."""

import pytest

from components.catalog import Box, ImageQuality
from components.errors import ConfigurationError
from components.findings import FINDINGS, Assertion, Finding
from components.relabeling import Purpose, labelling_config
from components.relabeling._form import answers, boxes, is_readable, is_wrong_view, pre_annotation, quality
from components.relabeling._sdk import form_checker


@pytest.mark.parametrize("purpose", Purpose)
def test_the_form_is_valid_and_asks_for_every_finding(purpose: Purpose) -> None:
    form = form_checker(labelling_config(purpose))
    form.validate()
    asked = {control.name for control in form.controls}
    assert asked == {finding.value for finding in FINDINGS} | {"quality", "view", "box"}


def test_a_reading_for_the_reference_standard_sees_neither_report_nor_model() -> None:
    assert {shown.name for shown in form_checker(labelling_config()).objects} == {"image", "report", "heat"}
    assert {shown.name for shown in form_checker(labelling_config(Purpose.REFERENCE)).objects} == {"image"}


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
    unreadable = [*result, chosen("quality", "not readable")]
    assert answers(unreadable) == {}
    assert not is_readable(unreadable)
    assert quality(unreadable) is None


def test_quality_and_a_wrong_view_are_read() -> None:
    assert quality([chosen("quality", "limited")]) is ImageQuality.LIMITED
    assert is_wrong_view([chosen("view", "wrong view")])
    assert not is_wrong_view([chosen("view", "right view")])
    assert (quality([]), is_readable([]), is_wrong_view([])) == (None, True, False)


def test_boxes_become_shares_of_the_picture_cut_at_its_borders() -> None:
    place = {"x": 90.0, "y": -0.5, "width": 12.0, "height": 50.5, "rotation": 0}
    drawn = [
        {"from_name": "box", "type": "rectanglelabels", "value": {**place, "rectanglelabels": ["Pleural Effusion"]}},
        {"from_name": "box", "type": "rectanglelabels", "value": {**place, "rectanglelabels": ["Unheard-of"]}},
    ]
    (found,) = boxes(drawn)
    assert found == Box(finding=Finding.PLEURAL_EFFUSION, x=0.9, y=0.0, width=0.1, height=0.5)


def chosen(name: str, word: str) -> dict[str, object]:
    return {"from_name": name, "to_name": "image", "type": "choices", "value": {"choices": [word]}}


def test_boxes_and_what_we_do_not_know_are_no_answers() -> None:
    box = {"from_name": "box", "type": "rectanglelabels", "value": {"x": 1, "rectanglelabels": ["Edema"]}}
    other = {"from_name": "edema", "type": "choices", "value": {"choices": ["maybe"]}}
    assert answers([box, other, {"from_name": "edema", "type": "choices", "value": {}}]) == {}
