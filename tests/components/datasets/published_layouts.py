"""Small published datasets, drawn, in the directory trees and tables of the real ones."""

import csv
import gzip
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pydicom
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

CHEXPERT_LABELS = (
    "No Finding,Enlarged Cardiomediastinum,Cardiomegaly,Lung Opacity,Lung Lesion,Edema,Consolidation,Pneumonia,"
    "Atelectasis,Pneumothorax,Pleural Effusion,Pleural Other,Fracture,Support Devices"
).split(",")
MIMIC_LABELS = sorted(CHEXPERT_LABELS)
NIH_COLUMNS = (
    "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,OriginalImage[Width,"
    "Height],OriginalImagePixelSpacing[x,y],"
)
PADCHEST_COLUMNS = (
    ",ImageID,ImageDir,StudyDate_DICOM,StudyID,PatientID,PatientBirth,PatientSex_DICOM,ViewPosition_DICOM,Projection,"
    "MethodProjection,Pediatric,Modality_DICOM,Manufacturer_DICOM,PhotometricInterpretation_DICOM,"
    "PixelRepresentation_DICOM,PixelAspectRatio_DICOM,SpatialResolution_DICOM,BitsStored_DICOM,WindowCenter_DICOM,"
    "WindowWidth_DICOM,Rows_DICOM,Columns_DICOM,XRayTubeCurrent_DICOM,Exposure_DICOM,ExposureInuAs_DICOM,ExposureTime,"
    "RelativeXRayExposure_DICOM,ReportID,Report,MethodLabel,Labels,Localizations,LabelsLocalizationsBySentence,"
    "labelCUIS,LocalizationsCUIS"
).split(",")
VINDR_LABELS = (
    "Aortic enlargement,Atelectasis,Calcification,Cardiomegaly,Clavicle fracture,Consolidation,Edema,Emphysema,"
    "Enlarged PA,ILD,Infiltration,Lung Opacity,Lung cavity,Lung cyst,Mediastinal shift,Nodule/Mass,Pleural effusion,"
    "Pleural thickening,Pneumothorax,Pulmonary fibrosis,Rib fracture,Other lesion,COPD,Lung tumor,Pneumonia,"
    "Tuberculosis,Other diseases,No finding"
).split(",")


def drawn(seed: int, dtype: type[np.integer] = np.uint8) -> np.ndarray:
    """A bright blot on dark ground, [80, 64] of the whole range of `dtype`."""
    rows, columns = np.mgrid[:80, :64]
    middle = 30 + seed % 10
    shape = np.exp(-((rows - middle) ** 2 + (columns - 32) ** 2) / 500)
    return (shape * np.iinfo(dtype).max).astype(dtype)


def save(path: Path, seed: int, dtype: type[np.integer] = np.uint8) -> None:
    """Writes a drawn picture in the format of the path's ending."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(drawn(seed, dtype)).save(path)


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A CSV file, gzipped where the path says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    opened = gzip.open(path, "wt", newline="") if path.suffix == ".gz" else path.open("w", newline="")
    with opened as file:
        table = csv.writer(file)
        table.writerow(columns)
        table.writerows(rows)


def _coded(labels: Sequence[str], **codes: object) -> list[object]:
    named = {name.replace("_", " "): code for name, code in codes.items()}
    return [named.get(label, "") for label in labels]


def chexpert(folder: Path) -> Path:
    """Two patients in train (one with a lateral view), one in valid; a missing file, an odd view and a bad row."""
    root = folder / "CheXpert-v1.0-small"
    one = _coded(CHEXPERT_LABELS, Edema="1.0", Pneumonia="-1.0", Fracture="0.0")
    well = _coded(CHEXPERT_LABELS, No_Finding="1.0")
    name = f"{root.name}/train"
    rows = [
        [f"{name}/patient00001/study1/view1_frontal.jpg", "Female", 68, "Frontal", "AP", *one],
        [f"{name}/patient00001/study1/view2_lateral.jpg", "Female", 68, "Lateral", "", *one],
        [f"{name}/patient00002/study1/view1_frontal.jpg", "Male", 93, "Frontal", "PA", *well],
        [f"{name}/patient00003/study1/view1_frontal.jpg", "Male", 40, "Frontal", "PA", *well],
        [f"{name}/patient00002/study2/view1_frontal.jpg", "Unknown", 41, "Frontal", "LL", *well],
        [f"{name}/patient00002/study2/view2_frontal.jpg", "Unknown", 41, "Frontal", "AP", "perhaps", *well[1:]],
    ]
    columns = ["Path", "Sex", "Age", "Frontal/Lateral", "AP/PA", *CHEXPERT_LABELS]
    write_table(root / "train.csv", columns, rows)
    valid = f"{root.name}/valid/patient64541/study1/view1_frontal.jpg"
    judged = ["1.0" if label == "Cardiomegaly" else "0.0" for label in CHEXPERT_LABELS]
    write_table(root / "valid.csv", columns, [[valid, "Male", 73, "Frontal", "AP", *judged]])
    for number, path in enumerate([*[str(row[0]) for row in rows[:3]], str(rows[5][0]), valid]):
        save(folder / path, number)
    return folder


def mimic(folder: Path) -> Path:
    """Three patients, one of the published test part; an oblique, a view known by its code, a study without labels."""
    metadata = [
        ["aa-1", 10000032, 50414267, "", "AP", 80, 64, 21800506, 213014.531, "", "antero-posterior", "Erect"],
        ["aa-2", 10000032, 50414267, "", "LATERAL", 80, 64, 21800506, 213014.531, "", "lateral", "Erect"],
        ["bb-1", 11000111, 51000000, "", "", 80, 64, 21810101, 101010.0, "", "postero-anterior", ""],
        ["bb-2", 11000111, 51000000, "", "LAO", 80, 64, 21810101, 101010.0, "", "", ""],
        ["bb-3", 11000111, 51000000, "", "", 80, 64, 21810101, 101010.0, "", "", ""],
        ["cc-1", 12000222, 52000000, "", "PA", 80, 64, 21820101, 101010.0, "", "", ""],
        ["cc-2", 12000222, 52999999, "", "PA", 80, 64, 21820102, 101010.0, "", "", ""],
    ]
    columns = (
        "dicom_id,subject_id,study_id,PerformedProcedureStepDescription,ViewPosition,Rows,Columns,StudyDate,StudyTime,"
        "ProcedureCodeSequence_CodeMeaning,ViewCodeSequence_CodeMeaning,PatientOrientationCodeSequence_CodeMeaning"
    )
    write_table(folder / "mimic-cxr-2.0.0-metadata.csv.gz", columns.split(","), metadata)
    labels = [
        [10000032, 50414267, *_coded(MIMIC_LABELS, Edema="1.0", Atelectasis="-1.0")],
        [11000111, 51000000, *_coded(MIMIC_LABELS)],
        [12000222, 52000000, *_coded(MIMIC_LABELS, Pleural_Effusion="0.0")],
    ]
    write_table(folder / "mimic-cxr-2.0.0-chexpert.csv.gz", ["subject_id", "study_id", *MIMIC_LABELS], labels)
    parts = {10000032: "train", 11000111: "validate", 12000222: "test"}
    split = [[row[0], row[2], row[1], parts[int(str(row[1]))]] for row in metadata]
    write_table(folder / "mimic-cxr-2.0.0-split.csv.gz", ["dicom_id", "study_id", "subject_id", "split"], split)
    for number, (image, patient, study, *_) in enumerate(metadata):
        save(folder / "files" / f"p{str(patient)[:2]}" / f"p{patient}" / f"s{study}" / f"{image}.jpg", number)
    return folder


def padchest(folder: Path) -> Path:
    """16-bit pictures of three patients, one stored inverted, one seen from the ribs; an excluded and a broken row."""
    rows = [
        _padchest_row("1_02-094-102.png", 0, "2014", "s1", "p1", "PA", "['cardiomegaly', ' NSG tube', 'scoliosis']"),
        _padchest_row("1_02-094-103.png", 0, "2014", "s1", "p1", "L", "['cardiomegaly', ' NSG tube', 'scoliosis']"),
        _padchest_row(
            "2_02-089-127.png", 7, "2015", "s2", "p2", "AP_horizontal", "['hydropneumothorax']", "MONOCHROME1"
        ),
        _padchest_row("3_1.png", 7, "2016", "s3", "p3", "PA", "['', 'costophrenic angle blunting']"),
        _padchest_row("3_2.png", 7, "2016", "s3", "p3", "COSTAL", "['normal']"),
        _padchest_row("3_3.png", 7, "2016", "s4", "p3", "PA", "['exclude']"),
        _padchest_row("3_4.png", 7, "2016", "s5", "p3", "PA", ""),
        _padchest_row("3_5.png", 7, "2016", "s6", "p3", "PA", "['normal'"),
    ]
    table = folder / "PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv.gz"
    write_table(table, PADCHEST_COLUMNS, [[row.get(name, "") for name in PADCHEST_COLUMNS] for row in rows])
    for number, row in enumerate(rows):
        save(folder / str(row["ImageDir"]) / str(row["ImageID"]), number, np.uint16)
    return folder


def _padchest_row(  # noqa: PLR0913, PLR0917  the columns of one row
    image: str,
    place: int,
    year: str,
    study: str,
    patient: str,
    view: str,
    labels: str,
    photometric: str = "MONOCHROME2",
) -> dict[str, object]:
    return {
        "ImageID": image, "ImageDir": place, "StudyDate_DICOM": f"{year}0915", "StudyID": study, "PatientID": patient,
        "PatientBirth": 1938.0, "PatientSex_DICOM": "F", "Projection": view, "Modality_DICOM": "DX",
        "Manufacturer_DICOM": "ImagingDynamicsCompanyLtd", "PhotometricInterpretation_DICOM": photometric,
        "MethodLabel": "Physician" if patient == "p1" else "RNN_model", "Labels": labels, "Report": "texto, libre",
    }  # fmt: skip


def vindr(folder: Path) -> Path:
    """Two pictures with three readers each, one of the test part with a consensus; a file that is not there."""
    readers = {
        "5fe0": [("R8", ["Cardiomegaly", "Rib fracture"]), ("R9", ["Cardiomegaly"]), ("R10", [])],
        "77aa": [("R8", ["No finding"]), ("R11", ["No finding"]), ("R12", ["No finding"])],
        "dead": [("R8", ["Pneumonia"])],
    }
    rows = [
        [image, reader, *(int(label in present) for label in VINDR_LABELS)]
        for image, words in readers.items()
        for reader, present in words
    ]
    annotations = folder / "annotations"
    write_table(annotations / "image_labels_train.csv", ["image_id", "rad_id", *VINDR_LABELS], rows)
    columns = ["image_id", *("Other disease" if label == "Other diseases" else label for label in VINDR_LABELS)]
    consensus = [["0c1d", *(int(label == "Pneumothorax") for label in VINDR_LABELS)]]
    write_table(annotations / "image_labels_test.csv", columns, consensus)
    for number, (part, image) in enumerate([("train", "5fe0"), ("train", "77aa"), ("test", "0c1d")]):
        write_bare_dicom(folder / part / f"{image}.dicom", number)
    return folder


def write_bare_dicom(path: Path, seed: int) -> None:
    """A file as VinDr's are: no patient, no study, no instance; pixels, age and sex."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    pixels = drawn(seed)
    ds.PatientSex, ds.PatientAge = "F", "045Y"
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns = pixels.shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    ds.PixelData = pixels.tobytes()
    ds["PixelData"].VR = "OB"
    path.parent.mkdir(parents=True, exist_ok=True)
    pydicom.dcmwrite(path, ds)
