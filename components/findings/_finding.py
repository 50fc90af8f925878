"""The observations of CheXpert (Irvin et al. 2019), their order and hierarchy."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Finding(StrEnum):
    """One of the 14 observations; the value is its column name in every table and file."""

    ENLARGED_CARDIOMEDIASTINUM = "enlarged_cardiomediastinum"
    CARDIOMEGALY = "cardiomegaly"
    LUNG_LESION = "lung_lesion"
    LUNG_OPACITY = "lung_opacity"
    EDEMA = "edema"
    CONSOLIDATION = "consolidation"
    PNEUMONIA = "pneumonia"
    ATELECTASIS = "atelectasis"
    PNEUMOTHORAX = "pneumothorax"
    PLEURAL_EFFUSION = "pleural_effusion"
    PLEURAL_OTHER = "pleural_other"
    FRACTURE = "fracture"
    SUPPORT_DEVICES = "support_devices"
    NO_FINDING = "no_finding"

    @property
    def title(self) -> str:  # type: ignore[override]  # str.title is no use on a column name
        """The name that people read, as in the CheXpert papers: "Pleural Effusion"."""
        return " ".join(word.capitalize() for word in self.value.split("_"))


FINDINGS: tuple[Finding, ...] = tuple(Finding)
"""The 14 observations in the one order that every label axis uses."""

PARENTS: Mapping[Finding, Finding] = MappingProxyType(
    {
        Finding.CARDIOMEGALY: Finding.ENLARGED_CARDIOMEDIASTINUM,
        Finding.LUNG_LESION: Finding.LUNG_OPACITY,
        Finding.EDEMA: Finding.LUNG_OPACITY,
        Finding.CONSOLIDATION: Finding.LUNG_OPACITY,
        Finding.PNEUMONIA: Finding.CONSOLIDATION,
        Finding.ATELECTASIS: Finding.LUNG_OPACITY,
    }
)
"""Child → parent in the hierarchy of Irvin et al. 2019, figure 1: a present child implies its parent."""


def descendants(finding: Finding) -> frozenset[Finding]:
    """Every observation that implies `finding`, at any depth."""
    children = {child for child, parent in PARENTS.items() if parent is finding}
    return frozenset(children.union(*(descendants(child) for child in children)))
