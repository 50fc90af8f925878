"""Published datasets: what they call our observations, and which of them they label at all."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType

from components.findings._finding import FINDINGS, Finding

_SEPARATOR = ":"


class Dataset(StrEnum):
    """A published collection of chest radiographs with labels."""

    CHEXPERT = "chexpert"
    MIMIC = "mimic"
    NIH = "nih"
    PADCHEST = "padchest"
    VINDR = "vindr"

    def author(self, release: str, reader: str = "") -> str:
        """How label events name who said it: dataset, release and, where the dataset tells them apart, the reader."""
        return _SEPARATOR.join(part for part in (self.value, release, reader) if part)

    @property
    def findings(self) -> frozenset[Finding]:
        """The observations that it labels; of the others it says nothing, not even that they are absent."""
        return frozenset(DATASET_NAMES[self.value].values())


def labelled_by(author: str) -> frozenset[Finding] | None:
    """What the published dataset labels that this author of label events belongs to; None for everybody else."""
    release = release_of(author)
    return None if release is None else Dataset(release.partition(_SEPARATOR)[0]).findings


def release_of(author: str) -> str | None:
    """Dataset and release ("vindr:1.0.0") that this author of label events belongs to; None for everybody else."""
    name, release, *_ = [*author.split(_SEPARATOR), ""]
    return f"{name}{_SEPARATOR}{release}" if release and name in DATASET_NAMES else None


def _named(names: Mapping[Finding, Iterable[str]]) -> Mapping[str, Finding]:
    return MappingProxyType({name: finding for finding, some in names.items() for name in some})


_TITLES = _named({finding: [finding.title] for finding in FINDINGS})
_CATHETER = "central venous catheter"

DATASET_NAMES: Mapping[str, Mapping[str, Finding]] = MappingProxyType(
    {
        "chexpert": _TITLES,
        "mimic": _TITLES,
        "nih": _named(
            {
                Finding.ATELECTASIS: ["Atelectasis"],
                Finding.CARDIOMEGALY: ["Cardiomegaly"],
                Finding.CONSOLIDATION: ["Consolidation"],
                Finding.EDEMA: ["Edema"],
                Finding.PLEURAL_EFFUSION: ["Effusion"],
                Finding.LUNG_OPACITY: ["Infiltration"],
                Finding.LUNG_LESION: ["Mass", "Nodule"],
                Finding.PLEURAL_OTHER: ["Pleural_Thickening"],
                Finding.PNEUMONIA: ["Pneumonia"],
                Finding.PNEUMOTHORAX: ["Pneumothorax"],
                Finding.NO_FINDING: ["No Finding"],
            }
        ),
        "padchest": _named(
            {
                Finding.ENLARGED_CARDIOMEDIASTINUM: ["mediastinal enlargement", "superior mediastinal enlargement"],
                Finding.CARDIOMEGALY: ["cardiomegaly"],
                Finding.LUNG_LESION: [
                    "nodule", "multiple nodules", "mass", "pulmonary mass", "lung metastasis", "lepidic adenocarcinoma",
                    "cavitation",
                ],
                Finding.LUNG_OPACITY: [
                    "infiltrates", "interstitial pattern", "ground glass pattern", "reticular interstitial pattern",
                    "reticulonodular interstitial pattern", "miliary opacities", "alveolar pattern",
                    "increased density", "pulmonary fibrosis",
                ],
                Finding.EDEMA: ["pulmonary edema", "heart insufficiency"],
                Finding.CONSOLIDATION: ["consolidation", "air bronchogram"],
                Finding.PNEUMONIA: ["pneumonia", "atypical pneumonia"],
                Finding.ATELECTASIS: [
                    "atelectasis", "total atelectasis", "lobar atelectasis", "segmental atelectasis",
                    "laminar atelectasis", "round atelectasis", "atelectasis basal",
                ],
                Finding.PNEUMOTHORAX: ["pneumothorax", "hydropneumothorax"],
                Finding.PLEURAL_EFFUSION: [
                    "pleural effusion", "loculated pleural effusion", "loculated fissural effusion", "hemothorax",
                    "empyema",
                ],
                Finding.PLEURAL_OTHER: [
                    "pleural thickening", "apical pleural thickening", "calcified pleural thickening",
                    "pleural plaques", "calcified pleural plaques", "pleural mass",
                ],
                Finding.FRACTURE: [
                    "fracture", "clavicle fracture", "humeral fracture", "vertebral fracture", "rib fracture",
                    "callus rib fracture",
                ],
                Finding.SUPPORT_DEVICES: [
                    "electrical device", "dual chamber device", "single chamber device", "pacemaker", "dai",
                    "nsg tube", "endotracheal tube", "tracheostomy tube", "chest drain tube", "gastrostomy tube",
                    "ventriculoperitoneal drain tube", "nephrostomy tube", "catheter", _CATHETER,
                    f"{_CATHETER} via jugular vein", f"{_CATHETER} via subclavian vein",
                    f"{_CATHETER} via umbilical vein", f"reservoir {_CATHETER}", "artificial heart valve",
                    "artificial mitral heart valve", "artificial aortic heart valve", "endoprosthesis",
                    "aortic endoprosthesis", "humeral prosthesis", "prosthesis", "osteosynthesis material",
                    "suture material", "sternotomy",
                ],
                Finding.NO_FINDING: ["normal"],
            }
        ),
        "vindr": _named(
            {
                Finding.CARDIOMEGALY: ["Cardiomegaly"],
                Finding.LUNG_LESION: ["Nodule/Mass", "Lung cavity", "Lung tumor"],
                Finding.LUNG_OPACITY: ["Lung Opacity", "Infiltration", "ILD", "Pulmonary fibrosis"],
                Finding.EDEMA: ["Edema"],
                Finding.CONSOLIDATION: ["Consolidation"],
                Finding.PNEUMONIA: ["Pneumonia"],
                Finding.ATELECTASIS: ["Atelectasis"],
                Finding.PNEUMOTHORAX: ["Pneumothorax"],
                Finding.PLEURAL_EFFUSION: ["Pleural effusion"],
                Finding.PLEURAL_OTHER: ["Pleural thickening"],
                Finding.FRACTURE: ["Clavicle fracture", "Rib fracture"],
                Finding.NO_FINDING: ["No finding"],
            }
        ),
    }
)  # fmt: skip
"""Dataset → its label name (PadChest's in small letters) → our observation; read as our report labeller reads the
same word. Label names that are not here (NIH's emphysema, fibrosis and hernia, PadChest's scoliosis) have none."""
