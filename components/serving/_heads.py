"""Heads for findings outside the 14, beside the model whose features they read."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from components.errors import ModelError
from components.models import StudyNet, prepare
from components.serving._answer import FindingAnswer
from components.training import Head, backbones_digest

_log = logging.getLogger(__name__)


class HeadSource(Protocol):
    """What is asked of `promotion.HeadRegistry`."""

    def champions(self) -> dict[str, str]:
        """Finding → version in service."""

    def fetch(self, finding: str, version: str, folder: Path) -> Path:
        """The head, in `folder`/FINDING-VERSION, its files those that were registered."""


@dataclass(frozen=True)
class ServedHead:
    """A head of the registry, loaded."""

    version: str
    head: Head


def serve_heads(source: HeadSource, named: Mapping[str, str], *, folder: Path, model: Path) -> dict[str, ServedHead]:
    """By finding, the `named` heads that read the features of the model in `model`; the log tells of others."""
    digest, served = backbones_digest(model), {}
    for finding, version in sorted(named.items()):
        try:
            head = Head.load(source.fetch(finding, version, folder))
        except ModelError as error:
            _log.warning("the head for %s, version %s, is not in service: %s", finding, version, error)
            continue
        if head.config.backbones == digest:
            served[finding] = ServedHead(version, head)
        else:
            _log.warning(
                "the head for %s, version %s, reads another model's features and is not in service: "
                "`radloop fit-head` fits it again",
                *(finding, version),
            )
    return served


def judged_by_heads(
    heads: Mapping[str, ServedHead], model: StudyNet, frontal: NDArray[np.uint8]
) -> dict[str, FindingAnswer]:
    """What the heads say of one study: the mean over its frontal images, uint8 [B, H, W]."""
    import torch

    if not heads:
        return {}
    with torch.inference_mode():
        device = next(model.parameters()).device
        features = model.solo.features(prepare(torch.from_numpy(frontal).to(device), model.config.image_size))
    return {
        finding: FindingAnswer.of(float(served.head.probabilities(features).mean()), served.head.config.threshold)
        for finding, served in heads.items()
    }
