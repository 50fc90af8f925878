"""What a snapshot is made of, in counts: small enough to keep with every model, and naming nobody."""

from collections.abc import Collection, Mapping

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from components.findings import FINDINGS

_WORDS = {1: "present", 0: "absent", -1: "uncertain", -2: "unmentioned", -3: "unlabelled"}
_AGES = (0, 18, 40, 60, 75, 91)
_UNKNOWN = "unknown"


class SnapshotProfile(BaseModel):
    """Counts of one snapshot's studies: labels, views, vendors, sexes, ages."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    site: str
    studies: int = Field(ge=0)
    patients: int = Field(ge=0)
    findings: Mapping[str, Mapping[str, int]] = Field(
        description="finding → present, absent, uncertain, unmentioned, unlabelled"
    )
    mix: Mapping[str, Mapping[str, int]] = Field(description="view, vendor, sex or age band → value → count")
    labelers: tuple[str, ...] = Field(description="versions of the report labeller")

    def share(self, finding: str, word: str) -> float:
        """The share of studies of which `word` ("present", "uncertain", …) is said; NaN without studies."""
        return self.findings[finding].get(word, 0) / self.studies if self.studies else float("nan")


def profile_of(manifest: pd.DataFrame, *, site: str, labelers: Collection[str] = ()) -> SnapshotProfile:
    """The profile of a site's manifest (one row an image, the columns of `datasets.Snapshot.manifest`)."""
    studies = manifest.drop_duplicates("study")
    ages = pd.cut(studies["age"].astype("Float64").astype(float), list(_AGES), right=False)
    return SnapshotProfile(
        site=site,
        studies=len(studies),
        patients=manifest["patient"].nunique(),
        findings={finding.value: _counted(studies[f"label_{finding}"].map(_WORDS)) for finding in FINDINGS},
        mix={
            "view": _counted(manifest["view"]),
            "vendor": _counted(studies["manufacturer"]),
            "sex": _counted(studies["sex"]),
            "age": _counted(ages.map(lambda band: f"{band.left:g} to {band.right - 1:g}").astype(object)),
        },
        labelers=tuple(sorted(labelers)),
    )


def _counted(values: pd.Series) -> dict[str, int]:
    counts = values.astype(object).where(values.notna(), _UNKNOWN).value_counts()
    return {str(value): int(count) for value, count in sorted(counts.items(), key=lambda item: str(item[0]))}
