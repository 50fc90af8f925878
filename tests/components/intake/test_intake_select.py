"""Which images count, and from which side they were taken."""

import pytest
from pydicom import Dataset, Sequence

from components.catalog import View
from components.deidentify import HeaderReason, quiet_dicom
from components.errors import RefusedInputError
from components.imaging import PixelReason
from components.intake import Reason, refuse_other_images, view_of


def code(value: str, meaning: str) -> Sequence:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "SCT", meaning
    return Sequence([item])


def header(**attributes: object) -> Dataset:
    ds = Dataset()
    with quiet_dicom():
        for keyword, value in {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.1", "Modality": "CR", **attributes}.items():
            setattr(ds, keyword, value)
    return ds


@pytest.mark.parametrize(
    "attributes",
    [
        {"BodyPartExamined": "CHEST"},
        {"BodyPartExamined": "THORAX", "Modality": "DX"},
        {"BodyPartExamined": "PORT CHEST"},
        {"BodyPartExamined": "RIBS", "StudyDescription": "Chest two views"},
        {"StudyDescription": "XR Thorax a.p."},
        {"SeriesDescription": "Tórax PA"},
        {"ProcedureCodeSequence": code("36643-5", "XR Chest 2 Views")},
        {"AnatomicRegionSequence": code("51185008", "")},
        {},
        {"StudyDescription": "No Finding"},
        {"Modality": "OT", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.7", "BodyPartExamined": "CHEST"},
    ],
)
def test_chest_radiographs_are_taken(attributes):
    refuse_other_images(header(**attributes))


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"Modality": "CT", "BodyPartExamined": "CHEST"}, Reason.WRONG_MODALITY),
        ({"Modality": "MG"}, Reason.WRONG_MODALITY),
        ({"Modality": "RF", "BodyPartExamined": "CHEST"}, Reason.WRONG_MODALITY),
        ({"Modality": "OT", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, Reason.WRONG_MODALITY),
        ({"BodyPartExamined": "HAND"}, Reason.NOT_CHEST),
        ({"BodyPartExamined": "BECKEN"}, Reason.NOT_CHEST),
        ({"StudyDescription": "Knee left"}, Reason.NOT_CHEST),
        ({"ProtocolName": "ABDOMEN AP"}, Reason.NOT_CHEST),
        ({"Modality": "", "SOPClassUID": ""}, Reason.BAD_HEADER),
    ],
)
def test_all_else_is_refused_with_its_reason(attributes, reason):
    with pytest.raises(RefusedInputError) as refusal:
        refuse_other_images(header(**attributes))
    assert refusal.value.reason is reason


@pytest.mark.parametrize(
    ("attributes", "view"),
    [
        ({"ViewPosition": "PA", "SeriesDescription": "AP"}, View.PA),
        ({"ViewPosition": "ap"}, View.AP),
        ({"ViewPosition": "LL"}, View.LATERAL),
        ({"ViewPosition": "RLO", "ViewCodeSequence": code("399173006", "left lateral")}, View.LATERAL),
        ({"ViewCodeSequence": code("399348003", "")}, View.AP),
        ({"ViewCodeSequence": code("R-10214", "")}, View.PA),
        ({"ViewCodeSequence": code("99", "postero-anterior")}, View.PA),
        ({"SeriesDescription": "W033 Chest PA"}, View.PA),
        ({"ProtocolName": "CHEST_LAT"}, View.LATERAL),
        ({"StudyDescription": "XR CHEST PORTABLE"}, View.AP),
        ({"StudyDescription": "Chest PA and lateral"}, View.UNKNOWN),
        ({"StudyDescription": "Chest PA and lateral", "SeriesDescription": "Lateral"}, View.LATERAL),
        ({"PatientOrientation": ["A", "F"]}, View.LATERAL),
        ({"PatientOrientation": ["L", "F"]}, View.UNKNOWN),
        ({}, View.UNKNOWN),
    ],
)
def test_the_view_by_position_code_description_and_orientation(attributes, view):
    assert view_of(header(**attributes)) is view


def test_every_reason_of_the_rooms_below_is_a_reason_of_quarantine():
    assert {reason.value for reason in (*PixelReason, *HeaderReason)} <= {reason.value for reason in Reason}
