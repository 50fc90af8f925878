"""Each option of the profile does what its name says, and the file tells truthfully which were applied."""

import io

import pydicom
import pytest
from pydicom import Dataset, Sequence

from components.deidentify import days_back
from components.settings import Dates, DeidentifySettings, DeviceDetail

BASIC, DESCRIPTORS, FULL_DATES, MODIFIED_DATES = "113100", "113105", "113106", "113107"
CHARACTERISTICS, DEVICE, UIDS, SAFE_PRIVATE = "113108", "113109", "113110", "113111"


@pytest.fixture
def cleaned(chest, written, deidentified_with):
    """Makes a radiograph, de-identifies it with these options, and reads it back as written."""

    def clean(changes=None, **options):
        safe = deidentified_with(chest(**(changes or {})), **options)
        return pydicom.dcmread(io.BytesIO(written(safe.dataset)))

    return clean


def codes(ds: Dataset) -> list[str]:
    return [item.CodeValue for item in ds.DeidentificationMethodCodeSequence]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [BASIC, DESCRIPTORS, MODIFIED_DATES, CHARACTERISTICS]),
        ({"clean_descriptors": False}, [BASIC, MODIFIED_DATES, CHARACTERISTICS]),
        ({"dates": Dates.FULL}, [BASIC, DESCRIPTORS, FULL_DATES, CHARACTERISTICS]),
        ({"dates": Dates.REMOVED}, [BASIC, DESCRIPTORS, CHARACTERISTICS]),
        ({"keep_characteristics": False}, [BASIC, DESCRIPTORS, MODIFIED_DATES]),
        ({"device": DeviceDetail.IDENTITY}, [BASIC, DESCRIPTORS, MODIFIED_DATES, CHARACTERISTICS, DEVICE]),
        ({"device": DeviceDetail.NONE}, [BASIC, DESCRIPTORS, MODIFIED_DATES, CHARACTERISTICS]),
        ({"keep_uids": True}, [BASIC, DESCRIPTORS, MODIFIED_DATES, CHARACTERISTICS, UIDS]),
        ({"keep_safe_private": True}, [BASIC, DESCRIPTORS, MODIFIED_DATES, CHARACTERISTICS, SAFE_PRIVATE]),
    ],
)
def test_the_file_names_the_options_that_were_applied(cleaned, options, expected):
    safe = cleaned(**options)
    assert codes(safe) == expected
    assert safe.PatientIdentityRemoved == "YES"
    dates = {Dates.FULL: "UNMODIFIED", Dates.REMOVED: "REMOVED"}.get(options.get("dates"), "MODIFIED")
    assert safe.LongitudinalTemporalInformationModified == dates
    told = "sex" in " ".join(safe.DeidentificationMethod if CHARACTERISTICS in expected else [])
    assert told == (CHARACTERISTICS in expected)


@pytest.mark.parametrize("options", [{"clean_descriptors": False}, {"dates": "full"}, {"device": "identity"},
                                     {"keep_uids": True}, {"keep_safe_private": True}])  # fmt: skip
def test_names_go_whatever_the_options(cleaned, written, options):
    content = written(cleaned(**options)).lower()
    assert not [name for name in (b"qzfamily", b"qzpid", b"qzreferrer", b"qzhospital") if name in content]


def test_full_dates_stay_but_for_those_of_birth(cleaned, pseudonymiser):
    days = {"AcquisitionDateTime": "20230510101502.5+0100", "DateOfLastCalibration": "20230101"}
    safe = cleaned(days, dates=Dates.FULL)
    assert safe.StudyDate == safe.SeriesDate == safe.AcquisitionDate == "20230510"
    assert safe.AcquisitionDateTime == "20230510101502.5+0100"
    assert safe.DateOfLastCalibration == "20230101"
    assert not safe.PatientBirthDate
    assert safe.PatientAge == "053Y"


def test_removed_dates_leave_only_the_empty_attributes_of_type_2(cleaned):
    safe = cleaned(dates=Dates.REMOVED)
    assert safe.StudyDate == safe.StudyTime == safe.ContentDate == ""
    assert not {"SeriesDate", "SeriesTime", "AcquisitionDate"} & set(safe.dir())
    assert safe.PatientAge == "053Y"


def test_reports_move_by_the_same_days_as_images(pseudonymiser):
    modified, full, removed = (DeidentifySettings(dates=dates) for dates in Dates)
    assert days_back("P1", pseudonymiser, modified) == pseudonymiser.shift_days("P1")
    assert days_back("P1", pseudonymiser, full) == 0
    assert days_back("P1", pseudonymiser, removed) is None


def test_without_cleaning_descriptions_go_as_the_basic_profile_says(cleaned):
    safe = cleaned(clean_descriptors=False)
    assert not {"StudyDescription", "SeriesDescription", "ProtocolName"} & set(safe.dir())
    assert safe.ViewPosition == "PA"


def test_the_device_is_kept_as_far_as_told(cleaned):
    uid = {"DeviceUID": "1.2.3.77"}
    identity, model, none = (cleaned(uid, device=detail) for detail in DeviceDetail)
    assert (identity.DeviceSerialNumber, identity.StationName) == ("QZSERIAL1", "QZSTATION")
    assert (identity.DetectorID, identity.DeviceUID) == ("QZDETECTOR", "1.2.3.77")
    assert (model.Manufacturer, model.ManufacturerModelName) == ("Philips Medical Systems", "DigitalDiagnost")
    assert not {"DeviceSerialNumber", "StationName", "DetectorID"} & set(model.dir())
    assert model.DeviceUID != "1.2.3.77"
    assert none.Manufacturer == ""
    assert not {"ManufacturerModelName", "SoftwareVersions", "DeviceSerialNumber"} & set(none.dir())


def test_kept_uids_are_the_original_ones_everywhere_while_pseudonyms_name_the_file(
    chest, deidentified_with, pseudonymiser
):
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = "1.2.840.10008.3.1.2.3.1", "1.2.3.4"
    safe = deidentified_with(chest(ReferencedStudySequence=Sequence([reference])), keep_uids=True)
    kept = safe.dataset
    assert (kept.StudyInstanceUID, kept.SOPInstanceUID) == ("1.2.3.4", "1.2.3.4.5")
    assert kept.file_meta.MediaStorageSOPInstanceUID == "1.2.3.4.5"
    assert kept.ReferencedStudySequence[0].ReferencedSOPInstanceUID == "1.2.3.4"
    assert (safe.study, safe.image) == (pseudonymiser.uid("1.2.3.4"), pseudonymiser.uid("1.2.3.4.5"))


def test_a_uid_that_is_none_is_replaced_though_uids_are_kept(cleaned):
    assert cleaned({"SeriesInstanceUID": "QZFAMILY"}, keep_uids=True).SeriesInstanceUID.startswith("2.25.")


def _with_private(ds: Dataset) -> None:
    safe = ds.private_block(0x0903, "GEIIS PACS", create=True)
    safe.add_new(0x10, "US", 1)
    safe.add_new(0x55, "LO", "QZFAMILY")
    stranger = ds.private_block(0x0903, "QZMAKER", create=True)
    stranger.add_new(0x10, "US", 1)
    factor = ds.private_block(0x7053, "Philips PET Private Group", create=True)
    factor.add_new(0x00, "DS", "1.25")
    factor.add_new(0x09, "LO", "QZFAMILY")


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"])
def test_safe_private_elements_stay_by_their_creator_at_every_depth(chest, written, deidentified_with, syntax):
    ds, item = chest(syntax), Dataset()
    for target in (ds, item):
        _with_private(target)
    ds.ViewCodeSequence[0].update(item)
    content = written(deidentified_with(ds, keep_safe_private=True).dataset)
    safe = pydicom.dcmread(io.BytesIO(content))
    for kept in (safe, safe.ViewCodeSequence[0]):
        assert kept.private_block(0x0903, "GEIIS PACS")[0x10].value == 1
        assert kept.private_block(0x7053, "Philips PET Private Group")[0x00].value == 1.25
    assert b"QZ" not in content
    plain = deidentified_with(ds).dataset
    assert not [element for element in plain.iterall() if element.tag.is_private]
