"""Which images count, and from which side they were taken."""

import time

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
        {"BodyPartExamined": "CHEST", "StudyDescription": "Chest and abdomen"},
        {"SeriesDescription": "RTG klatki piersiowej"},
        {"ProtocolName": "胸部正面"},
        {"AcquisitionDeviceProcessingDescription": "CHEST,GENERAL"},
        {"SeriesDescription": "Lateral arms up", "StudyDescription": "XR CHEST"},
        {"ProtocolName": "Thorax des Patienten", "PresentationIntentType": "FOR PRESENTATION"},
        {"SeriesDescription": "Tórax AP decúbito supino"},
        {"SeriesDescription": "Thorax décubitus dorsal"},
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
        ({"BodyPartExamined": "ABDOMEN", "StudyDescription": "Chest and abdomen"}, Reason.NOT_CHEST),
        ({"SeriesDescription": "Schulter rechts", "StudyDescription": "Thorax und Schulter"}, Reason.NOT_CHEST),
        ({"StudyDescription": "XR thoracic spine"}, Reason.NOT_CHEST),
        ({"StudyDescription": "Rachis thoracique"}, Reason.NOT_CHEST),
        ({"StudyDescription": "BWS in 2 Ebenen"}, Reason.NOT_CHEST),
        ({"StudyDescription": "LWS Funktionsdarstellung"}, Reason.NOT_CHEST),
        ({"BodyPartExamined": "CHEST", "PresentationIntentType": "FOR PROCESSING"}, Reason.OTHER_PROCESSING),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.1.1", "Modality": "DX"}, Reason.OTHER_PROCESSING),
        ({"SeriesDescription": "CHEST Bone Suppressed"}, Reason.OTHER_PROCESSING),
        ({"SeriesDescription": "DES Soft Tissue", "BodyPartExamined": "CHEST"}, Reason.OTHER_PROCESSING),
        ({"SeriesDescription": "Chest PA Tube & Line Visualization"}, Reason.OTHER_PROCESSING),
        ({"BodyPartExamined": "CHEST", "ImageType": ["DERIVED", "PRIMARY", "TOMOSYNTHESIS"]}, Reason.OTHER_PROCESSING),
        ({"BodyPartExamined": "CHEST", "DerivationDescription": "Dual energy subtraction"}, Reason.OTHER_PROCESSING),
        ({"BodyPartExamined": "CHEST", "ViewPosition": "LAO"}, Reason.OTHER_VIEW),
        ({"BodyPartExamined": "CHEST", "ViewPosition": "LLD"}, Reason.OTHER_VIEW),
        ({"SeriesDescription": "Chest left lateral decubitus"}, Reason.OTHER_VIEW),
        ({"SeriesDescription": "Chest R decub"}, Reason.OTHER_VIEW),
        ({"SeriesDescription": "Thorax schräg"}, Reason.OTHER_VIEW),
        ({"BodyPartExamined": "CHEST", "ProtocolName": "LORDOTIC"}, Reason.OTHER_VIEW),
        (
            {"BodyPartExamined": "CHEST", "ViewCodeSequence": code("399135007", "left anterior oblique")},
            Reason.OTHER_VIEW,
        ),
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
        ({"ViewPosition": "AP SUPINE"}, View.AP),
        ({"SeriesDescription": "Thorax p.a."}, View.PA),
        ({"SeriesDescription": "THORAX A-P im Liegen"}, View.AP),
        ({"SeriesDescription": "Thorax seitl."}, View.LATERAL),
        ({"SeriesDescription": "Thorax face, au lit"}, View.AP),
        ({"SeriesDescription": "Poumons de profil"}, View.LATERAL),
        ({"SeriesDescription": "Torace latero-laterale"}, View.LATERAL),
        ({"SeriesDescription": "Tórax perfil"}, View.LATERAL),
        ({"SeriesDescription": "Tórax AP decúbito supino"}, View.AP),
        ({"SeriesDescription": "Chest PA/LAT"}, View.UNKNOWN),
        ({"PerformedProcedureStepDescription": "Chest portable"}, View.AP),
        ({"StudyDescription": "Chest PA and lateral"}, View.UNKNOWN),
        ({"StudyDescription": "Chest PA and lateral", "SeriesDescription": "Lateral"}, View.LATERAL),
        ({"PatientOrientation": ["A", "F"]}, View.LATERAL),
        ({"PatientOrientation": ["L", "F"]}, View.UNKNOWN),
        ({}, View.UNKNOWN),
    ],
)
def test_the_view_by_position_code_description_and_orientation(attributes, view):
    assert view_of(header(**attributes)) is view


def test_a_description_without_end_is_judged_soon():
    started = time.monotonic()
    refuse_other_images(header(SeriesDescription="line" + " " * 300_000, BodyPartExamined="CHEST"))
    assert time.monotonic() - started < 5


def test_every_reason_of_the_rooms_below_is_a_reason_of_quarantine():
    assert {reason.value for reason in (*PixelReason, *HeaderReason)} <= {reason.value for reason in Reason}
