"""One model in service: immutable, and checked before it answers."""

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from components.errors import ModelError
from components.findings import FINDINGS, Finding
from components.imaging import PREPROCESSING_VERSION
from components.promotion import BundleRecord, check_bundle, read_bundle
from components.serving._answer import Answer, FindingAnswer, Overlay
from components.serving._radiograph import Radiograph, read_radiograph

if TYPE_CHECKING:
    from components.models import SoloNet


@dataclass(frozen=True)
class Bundle:
    """A loaded model with all that its answers rest on."""

    version: str
    record: BundleRecord
    model: "SoloNet" = field(repr=False)

    def read(self, file: bytes) -> Radiograph:
        """The radiograph in a DICOM file, as this model wants it.

        Raises:
            RefusedInputError: the file is none that the model can read.
        """
        steps = self.record.preprocessing
        return read_radiograph(file, size=steps.size, crop_borders=steps.crop_borders)

    def probabilities(self, picture: NDArray[np.uint8]) -> dict[Finding, float]:
        """The 14 probabilities for one picture, uint8 [H, W]; the very computation of `evaluation.predict`."""
        import torch

        from components.models import prepare

        with torch.inference_mode():
            inputs = prepare(torch.from_numpy(picture)[None], self.model.config.image_size)
            given = self.model.probabilities(inputs)[0].double().tolist()
        return dict(zip(FINDINGS, given, strict=True))

    def answer(self, file: bytes, finding: Finding | None = None) -> Answer:
        """All of the model on one DICOM file; the overlay is of `finding`, else of the clearest positive one.

        Raises:
            RefusedInputError: the file is none that the model can read.
        """
        radiograph = self.read(file)
        probabilities = self.probabilities(radiograph.picture)
        findings = {each: self._judged(each, probability) for each, probability in probabilities.items()}
        shown = finding or clearest(findings)
        return Answer(
            model_version=self.version,
            snapshot=self.record.snapshot_hash,
            view=radiograph.view,
            findings=findings,
            overlay=None if shown is None else self._overlay(radiograph.picture, shown),
            warnings=radiograph.warnings,
        )

    def _judged(self, finding: Finding, probability: float) -> FindingAnswer:
        threshold = self.record.thresholds.get(finding)
        positive = None if threshold is None else probability >= threshold
        return FindingAnswer(probability=probability, threshold=threshold, positive=positive)

    def _overlay(self, picture: NDArray[np.uint8], finding: Finding) -> Overlay:
        from PIL import Image

        from components.evaluation import grad_cam, overlay

        buffer = io.BytesIO()
        Image.fromarray(overlay(picture, grad_cam(self.model, picture, finding))).save(buffer, format="PNG")
        return Overlay(finding=finding, image="data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode())


def load_bundle(folder: Path, version: str) -> Bundle:
    """The model in a bundle's folder, warm, once it has reproduced the probabilities recorded with it.

    Raises:
        ModelError: a damaged bundle, other probabilities, or pictures prepared another way than this program does.
    """
    from components.models import load_model

    record = read_bundle(folder)
    if record.preprocessing.version != PREPROCESSING_VERSION:
        raise ModelError(
            f"Model version {version} wants preprocessing {record.preprocessing.version}, this program does "
            f"{PREPROCESSING_VERSION}; train it anew, or serve it with the program that trained it."
        )
    model = load_model(folder)
    check_bundle(folder, model)
    return Bundle(version, record, model)


def clearest(findings: Mapping[Finding, FindingAnswer]) -> Finding | None:
    """The positive finding that is furthest from its threshold towards 1; None when nothing is positive."""
    distance = {
        finding: (answer.probability - answer.threshold) / max(1 - answer.threshold, 1e-9)
        for finding, answer in findings.items()
        if answer.positive and answer.threshold is not None and finding is not Finding.NO_FINDING
    }
    return max(distance, key=distance.__getitem__) if distance else None
