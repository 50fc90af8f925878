"""The bundle: everything that serving one model needs, as data only, with a check that it gives what it gave."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator

from components.errors import ModelError, StorageError
from components.evaluation import Calibration, probabilities
from components.findings import FINDINGS, Finding
from components.settings import Fit

if TYPE_CHECKING:
    from components.models import StudyNet

RECORD, SELF_CHECK = "bundle.json", "selfcheck.json"
_FILES = ("config.json", "weights.safetensors", RECORD, SELF_CHECK)
_CHECKED_SEEDS = (1, 2, 3)
_AS_IT_IS = Calibration()
_COARSE = 8  # cells a side of the synthetic picture's large shapes


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


_Kind = TypeVar("_Kind", bound=_Part)


class Preprocessing(_Part):
    """How a DICOM file's pixels become the model's input; serving does exactly this."""

    version: str = Field(description="imaging.PREPROCESSING_VERSION at training")
    size: int = Field(ge=32, description="side of the square 8-bit input, in pixels")
    crop_borders: bool = Field(description="whether black collimation borders are cut off")
    fit: Fit = Field(Fit.PAD, description="how a picture that is not square fills the square")


class BundleRecord(_Part):
    """bundle.json: what the model is, where it comes from, and how its probabilities are read."""

    format: Literal[1] = 1
    site: str
    findings: tuple[Finding, ...] = FINDINGS
    thresholds: dict[Finding, float | None] = Field(
        description="positive where the calibrated probability is at or above; None where undefined"
    )
    calibration: Calibration = Field(Calibration(), description="from the model's scores to probabilities")
    preprocessing: Preprocessing
    labeler_version: str
    snapshot_hash: str
    base_version: str | None = Field(description="registry version that was fine-tuned; None for a base model")
    code_version: str
    created: AwareDatetime

    @field_validator("findings")
    @classmethod
    def _are_the_fourteen(cls, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        if findings != FINDINGS:
            raise ValueError("the findings must be the 14, in their order")
        return findings


class _SelfCheck(_Part):
    """selfcheck.json: synthetic pictures by their seeds, and the probabilities they must give."""

    size: int
    seeds: tuple[int, ...] = Field(min_length=1)
    probabilities: tuple[tuple[float, ...], ...]
    tolerance: float = Field(1e-5, gt=0, le=1e-3)


def write_bundle(  # noqa: PLR0913  what a bundle records
    folder: Path,
    model_dir: Path,
    *,
    site: str,
    thresholds: Mapping[Finding, float | None],
    preprocessing: Preprocessing,
    labeler_version: str,
    snapshot_hash: str,
    base_version: str | None,
    code_version: str,
    now: datetime,
    calibration: Calibration = _AS_IT_IS,
) -> Path:
    """Writes the bundle of a saved model (config.json, weights.safetensors) and gives its folder.

    Raises:
        ModelError: the model cannot be loaded.
        StorageError: the folder exists or cannot be written; nothing is left behind.
    """
    record = BundleRecord(
        site=site,
        thresholds=dict(thresholds),
        calibration=calibration,
        preprocessing=preprocessing,
        labeler_version=labeler_version,
        snapshot_hash=snapshot_hash,
        base_version=base_version,
        code_version=code_version,
        created=now,
    )
    if folder.exists():
        raise StorageError("The bundle's folder exists already; a bundle is never overwritten.")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".bundle-") as name:
            made = Path(name) / folder.name
            made.mkdir()
            _fill(made, model_dir, record)
            made.rename(folder)
    except OSError as error:
        raise StorageError(f"The bundle cannot be written: {error.strerror}.") from None
    return folder


def _fill(folder: Path, model_dir: Path, record: BundleRecord) -> None:
    from components.models import for_inference, load_model

    for name in ("config.json", "weights.safetensors"):
        if not (model_dir / name).is_file():
            raise ModelError(f"The trained model has no {name}; only safetensors weights with their config are taken.")
        shutil.copyfile(model_dir / name, folder / name)
    (folder / RECORD).write_text(record.model_dump_json(indent=1))
    size = record.preprocessing.size
    given = _probabilities(for_inference(load_model(folder)), seeds=_CHECKED_SEEDS, size=size)
    check = _SelfCheck(size=size, seeds=_CHECKED_SEEDS, probabilities=tuple(map(tuple, given.tolist())))
    (folder / SELF_CHECK).write_text(check.model_dump_json(indent=1))


def read_bundle(folder: Path) -> BundleRecord:
    """The record of a bundle; ModelError where a file is missing or not as it must be."""
    missing = [name for name in _FILES if not (folder / name).is_file()]
    if missing:
        raise ModelError(f"The bundle lacks {', '.join(missing)}.")
    return _parsed(BundleRecord, folder / RECORD)


def check_bundle(folder: Path, model: "StudyNet | None" = None) -> None:
    """Passes when the loaded model gives the probabilities that were recorded with it.

    Args:
        folder: the bundle.
        model: the model as it will answer, where the caller has loaded it already.

    Raises:
        ModelError: a probability is off by more than the tolerance, or the bundle is not whole.
    """
    from components.models import for_inference, load_model

    read_bundle(folder)
    check = _parsed(_SelfCheck, folder / SELF_CHECK)
    given = _probabilities(model or for_inference(load_model(folder)), seeds=check.seeds, size=check.size)
    expected = np.asarray(check.probabilities)
    if expected.shape != given.shape:
        raise ModelError("The bundle's self-check is for another number of pictures or findings.")
    largest = float(np.abs(given - expected).max())
    if not largest <= check.tolerance:
        raise ModelError(
            f"The model does not reproduce its recorded probabilities: off by up to {largest:.2g}, "
            f"at most {check.tolerance:g} is allowed."
        )


def bundle_hash(folder: Path) -> str:
    """SHA-256 over the bundle's four files, by which the registry knows that none was altered."""
    digest = hashlib.sha256()
    for name in sorted(_FILES):
        try:
            with (folder / name).open("rb") as file:
                digest.update(f"{name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
        except OSError:
            raise ModelError(f"The bundle lacks {name}.") from None
    return digest.hexdigest()


def synthetic_picture(seed: int, size: int) -> NDArray[np.uint8]:
    """A picture of large grey shapes with fine noise, the same for ever: uint8 [size, size].

    Its bytes come from SHAKE-256, not from a library's random generator, which may change with a release.
    """
    stream = hashlib.shake_256(f"radloop self-check {seed}".encode()).digest(_COARSE**2 + size**2)
    coarse = np.frombuffer(stream[: _COARSE**2], dtype=np.uint8).reshape(_COARSE, _COARSE)
    fine = np.frombuffer(stream[_COARSE**2 :], dtype=np.uint8).reshape(size, size)
    cells = np.arange(size) * _COARSE // size
    return np.asarray(coarse[np.ix_(cells, cells)] // 4 * 3 + fine // 4, dtype=np.uint8)


def _probabilities(model: "StudyNet", *, seeds: tuple[int, ...], size: int) -> NDArray[np.float64]:
    """Float64 [seeds, 14]; with a DuoNet [2 × seeds, 14]: each picture alone, then each with the next as lateral."""
    pictures = np.stack([synthetic_picture(seed, size) for seed in seeds])
    model.eval()
    alone = probabilities(model, pictures)
    if model.duo is None:
        return alone
    return np.concatenate([alone, probabilities(model, pictures, np.roll(pictures, -1, axis=0))])


def _parsed(kind: type[_Kind], path: Path) -> _Kind:
    try:
        return kind.model_validate(json.loads(path.read_text()))
    except (OSError, ValueError, ValidationError):
        raise ModelError(f"The bundle's {path.name} is not what this version of radloop reads.") from None
