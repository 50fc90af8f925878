"""Where names and numbers hide: free text, nested sequences, private elements, what an archive left behind."""

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from components.simulator._chance import happens, pick
from components.simulator._headers import ImageFacts, StudyFacts, coded, uid_of
from components.simulator._identities import Person


def hide_identities(ds: Dataset, study: StudyFacts, image: ImageFacts, rng: np.random.Generator) -> None:
    """Fills the places that a flat profile of the standard's attributes overlooks."""
    _free_text(ds, study, rng)
    _requests(ds, study, image)
    _references(ds, study)
    _originals(ds, study, rng)
    _private(ds, study, rng)


def _free_text(ds: Dataset, study: StudyFacts, rng: np.random.Generator) -> None:
    patient, referrer = study.patient, study.referrer
    if happens(rng, 0.15):
        ds.StudyDescription = f"{ds.StudyDescription} {patient.family.upper()}"[:64].strip()
    if happens(rng, 0.4):
        ds.ImageComments = pick(
            rng,
            (
                f"{patient.spoken} could not hold breath",
                f"repeat of {study.accession}, asked by Dr. {referrer.family}, call {referrer.phone}",
                f"ID bracelet checked: {patient.patient_id} / {patient.birth_date:%d.%m.%Y}",
                "patient supine",
            ),
        )
    if happens(rng, 0.3):
        ds.AdditionalPatientHistory = f"Mr/Ms {patient.family}: {study.indication} Last seen by Dr. {referrer.spoken}."
    if happens(rng, 0.2):
        ds.SeriesDescription = f"{ds.SeriesDescription} {study.technologist.family}"[:64]
    if happens(rng, 0.2):
        ds.RequestingPhysician = referrer.dicom
        ds.RequestedProcedureComments = f"Report to {referrer.phone} or {patient.email}"
    if happens(rng, 0.25):
        ds.OtherPatientNames = f"{patient.family.upper()}^{patient.given.upper()[0]}"
        ds.MilitaryRank, ds.Occupation = "", pick(rng, ("teacher", "carpenter", "nurse", "farmer"))


def _requests(ds: Dataset, study: StudyFacts, image: ImageFacts) -> None:
    request = Dataset()
    request.RequestedProcedureID = study.order
    request.ScheduledProcedureStepID = study.order + "S"
    request.RequestedProcedureDescription = ds.StudyDescription
    request.ScheduledProcedureStepDescription = f"Chest {image.view} for Dr. {study.referrer.family}"
    request.AccessionNumber = study.accession
    request.RequestingPhysician = study.referrer.dicom
    request.ScheduledProtocolCodeSequence = Sequence([_protocol(study)])
    ds.RequestAttributesSequence = Sequence([request])
    ds.PerformedProcedureStepID = study.order + "P"
    ds.PerformedProcedureStepStartDate, ds.PerformedProcedureStepStartTime = ds.StudyDate, ds.StudyTime
    ds.PerformedProcedureStepDescription = ds.StudyDescription
    ds.ReferringPhysicianIdentificationSequence = Sequence([_identified(study.referrer, study)])
    ds.OperatorIdentificationSequence = Sequence([_identified(study.technologist, study)])


def _protocol(study: StudyFacts) -> Dataset:
    """A code whose context item, two levels down, names who asked for it."""
    protocol = coded("CHEST-1", "99LOCAL", "Chest protocol")
    context = Dataset()
    context.ValueType = "PNAME"
    context.ConceptNameCodeSequence = Sequence([coded("121097", "DCM", "Person ordering")])
    context.PersonName = study.referrer.dicom
    protocol.ProtocolContextSequence = Sequence([context])
    return protocol


def _identified(person: Person, study: StudyFacts) -> Dataset:
    item = Dataset()
    item.PersonIdentificationCodeSequence = Sequence([coded(person.key[-8:], "99STAFF", person.spoken)])
    item.PersonAddress = study.hospital.address
    item.PersonTelephoneNumbers = person.phone
    item.InstitutionName = study.hospital.name
    return item


def _references(ds: Dataset, study: StudyFacts) -> None:
    earlier = Dataset()
    earlier.ReferencedSOPClassUID = "1.2.840.10008.3.1.2.3.1"
    earlier.ReferencedSOPInstanceUID = study.study_uid
    ds.ReferencedStudySequence = Sequence([earlier])
    step = Dataset()
    step.ReferencedSOPClassUID = "1.2.840.10008.3.1.2.3.3"
    step.ReferencedSOPInstanceUID = uid_of(study.study_uid, "step")
    ds.ReferencedPerformedProcedureStepSequence = Sequence([step])


def _originals(ds: Dataset, study: StudyFacts, rng: np.random.Generator) -> None:
    """What the archive corrected, with the wrong values kept three levels down (PS3.3 C.12.1.1.9.2)."""
    if not happens(rng, 0.5):
        return
    inner = Dataset()
    inner.RequestingPhysician = study.referrer.dicom
    inner.ReasonForTheRequestedProcedure = f"{study.indication} Call {study.patient.given} on {study.patient.phone}"[
        :64
    ]
    wrong = Dataset()
    wrong.PatientName = f"{study.patient.family.upper()}^{study.patient.given[:6].upper()}"
    wrong.PatientID = study.patient.other_id
    wrong.PatientBirthDate = study.patient.birth_date.strftime("%Y%m%d")
    wrong.OperatorsName = study.technologist.dicom
    wrong.RequestAttributesSequence = Sequence([inner])
    original = Dataset()
    original.ModifiedAttributesSequence = Sequence([wrong])
    original.AttributeModificationDateTime = study.when.strftime("%Y%m%d%H%M%S")
    original.ModifyingSystem = study.hospital.stations[0]
    original.SourceOfPreviousValues = study.hospital.name
    original.ReasonForTheAttributeModification = "CORRECT"
    ds.OriginalAttributesSequence = Sequence([original])


def _private(ds: Dataset, study: StudyFacts, rng: np.random.Generator) -> None:
    """The maker's own elements: settings, and copies of what the header already says."""
    patient = study.patient
    block = ds.private_block(study.vendor.group, study.vendor.creator, create=True)
    block.add_new(0x01, "LO", f"{study.vendor.model} chest {study.vendor.software}"[:64])
    block.add_new(0x02, "DS", f"{rng.uniform(1, 4):.2f}")
    block.add_new(0x10, "LO", f"{patient.family}, {patient.given} ({patient.patient_id})"[:64])
    block.add_new(0x11, "PN", patient.dicom)
    block.add_new(0x12, "ST", f"Exposed by {study.technologist.spoken}, room phone {study.technologist.phone}")
    block.add_new(0x13, "UI", uid_of(study.study_uid, "private"))
    block.add_new(0x14, "OB", f"raw:{patient.patient_id}:{study.accession}".encode().ljust(64, b"\0"))
    item = Dataset()
    item.PatientName = patient.dicom
    item.AccessionNumber = study.accession
    nested = item.private_block(study.vendor.group, study.vendor.creator, create=True)
    nested.add_new(0x20, "LT", f"{patient.spoken}; {patient.street}; {patient.city}; {patient.email}")
    block.add_new(0x15, "SQ", Sequence([item]))
    elsewhere = ds.private_block(0x0099, "RIS EXPORT", create=True)
    elsewhere.add_new(0x01, "LO", f"{study.radiologist.spoken}")
    elsewhere.add_new(0x02, "LO", study.report_id)
