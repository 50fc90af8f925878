"""One model in service: immutable, and checked before it answers."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from components.errors import ModelError
from components.evaluation import grad_cams, overlay, probabilities
from components.findings import FINDINGS, Finding
from components.imaging import PREPROCESSING_VERSION
from components.promotion import BundleRecord, check_bundle, read_bundle
from components.serving._answer import Answer, FindingAnswer, Overlay
from components.serving._heads import ServedHead, judged_by_heads
from components.serving._radiograph import Radiograph, read_radiograph
from components.serving._study import StudyImages, one_study

if TYPE_CHECKING:
    from components.models import StudyNet

_LATERAL_UNUSED = "The lateral image was not used: this model judges frontal images alone."


@dataclass(frozen=True)
class Bundle:
    """A loaded model with all that its answers rest on."""

    version: str
    record: BundleRecord
    model: "StudyNet" = field(repr=False)
    heads: Mapping[str, ServedHead] = field(default_factory=dict)

    def read(self, file: bytes) -> Radiograph:
        """The radiograph in a DICOM file, as this model wants it.

        Raises:
            RefusedInputError: the file is none that the model can read.
        """
        return read_radiograph(file, self.record.preprocessing)

    def probabilities(self, study: StudyImages) -> dict[Finding, float]:
        """The 14 probabilities of one study; the very computation of `evaluation.predict`."""
        frontal, lateral = _frontal(study), self._lateral(study)
        repeated = None if lateral is None else np.repeat(lateral, len(frontal), axis=0)
        given = probabilities(self.model, frontal, repeated).mean(axis=0)
        calibrated = self.record.calibration.apply(pd.DataFrame([given], columns=list(FINDINGS))).iloc[0]
        return {finding: float(calibrated[finding]) for finding in FINDINGS}

    def answer(self, files: Sequence[bytes], finding: Finding | None = None) -> Answer:
        """All of the model on a study's DICOM files; the overlay is of `finding`, else of the clearest positive one.

        Raises:
            RefusedInputError: a file is none that the model can read, or they are not of one study.
        """
        study = one_study([self.read(file) for file in files])
        findings = {each: self._judged(each, value) for each, value in self.probabilities(study).items()}
        shown = finding or clearest(findings)
        both = self._lateral(study) is not None
        unused = () if both or study.lateral is None else (_LATERAL_UNUSED,)
        return Answer(
            model_version=self.version,
            snapshot=self.record.snapshot_hash,
            view=study.frontal[0].view,
            both_views=both,
            findings=findings,
            additional_findings=judged_by_heads(self.heads, self.model, _frontal(study)),
            overlay=None if shown is None else self._overlay(study, shown),
            warnings=(*study.warnings, *unused),
        )

    def _judged(self, finding: Finding, probability: float) -> FindingAnswer:
        return FindingAnswer.of(probability, self.record.thresholds.get(finding))

    def _lateral(self, study: StudyImages) -> NDArray[np.uint8] | None:
        """The lateral picture that the model judges with the frontal ones, uint8 [1, H, W]; None for these alone."""
        if self.model.duo is None or study.lateral is None:
            return None
        return study.lateral.picture[np.newaxis]

    def _overlay(self, study: StudyImages, finding: Finding) -> Overlay:
        """Of the first frontal picture, and of the lateral where it was judged."""
        frontal, lateral = study.frontal[0].picture[np.newaxis], self._lateral(study)
        heat = grad_cams(self.model, frontal, [finding], lateral=lateral)
        return Overlay(
            finding=finding,
            image=_data_uri(overlay(frontal[0], heat.frontal[0, 0])),
            lateral=None
            if lateral is None or heat.lateral is None
            else _data_uri(overlay(lateral[0], heat.lateral[0, 0])),
        )


def _frontal(study: StudyImages) -> NDArray[np.uint8]:
    """The frontal pictures, uint8 [B, H, W]."""
    return np.stack([image.picture for image in study.frontal])


def _data_uri(picture: NDArray[np.uint8]) -> str:
    """The picture, uint8 [H, W, 3], as a PNG in a data URI."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def load_bundle(folder: Path, version: str) -> Bundle:
    """The model in a bundle's folder, warm, once it has reproduced the probabilities recorded with it.

    Raises:
        ModelError: a damaged bundle, other probabilities, or pictures prepared another way than this program does.
    """
    from components.models import for_inference, load_model

    record = read_bundle(folder)
    if record.preprocessing.version != PREPROCESSING_VERSION:
        raise ModelError(
            f"Model version {version} wants preprocessing {record.preprocessing.version}, this program does "
            f"{PREPROCESSING_VERSION}; train it anew, or serve it with the program that trained it."
        )
    model = for_inference(load_model(folder))
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
