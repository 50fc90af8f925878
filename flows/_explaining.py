"""Where a model of the registry looks in a catalogued study, as pictures for a person."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from components.catalog import Catalog, View
from components.errors import CatalogError, StorageError
from components.evaluation import grad_cams, overlay
from components.findings import Finding
from components.models import load_model
from components.settings import Settings
from flows._evidence import version_named
from flows._modelling import registry


class _Image(NamedTuple):
    name: str
    view: str
    key: str


def explain(
    study: str, findings: Sequence[Finding], *, model: str | None, out: Path | None, settings: Settings
) -> tuple[str, list[Path]]:
    """The version asked and the PNG files that it wrote: IMAGE-FINDING.png, a picture and finding each.

    A study with a lateral image is explained by both views where the model has a DuoNet.

    Args:
        study: its pseudonymous id.
        findings: each becomes a picture of each view.
        model: version or alias in the registry; None: the champion.
        out: folder, made if missing; None: HOME/explained/VERSION.
        settings: of this home.

    Raises:
        CatalogError: no such study, or it has no frontal image.
        ModelError: no such version.
        StorageError: a picture cannot be read or written.
    """
    frontals, lateral = _images(study, settings)
    shelf = registry(settings)
    bundle = shelf.fetch(version_named(model, shelf), settings.home.absolute() / "models")
    network, folder = load_model(bundle), out or settings.home.absolute() / "explained" / bundle.name
    pictures = np.stack([_picture(image, settings) for image in frontals])
    beside = None if lateral is None else _picture(lateral, settings)
    heat = grad_cams(
        network, pictures, findings, lateral=None if beside is None else np.stack([beside] * len(pictures))
    )
    written = [
        file
        for image, picture, heats in zip(frontals, pictures, heat.frontal, strict=True)
        for file in _write(folder, image, picture, heats, findings)
    ]
    if lateral is not None and beside is not None and heat.lateral is not None:
        written += _write(folder, lateral, beside, heat.lateral[0], findings)
    return bundle.name, written


def _images(study: str, settings: Settings) -> tuple[list[_Image], _Image | None]:
    """The study's frontal images, and its first lateral one."""
    with Catalog.open(settings.catalog.get_secret_value()) as catalog:
        images = catalog.images()
    images = images[images["study"] == study].sort_values("image")
    if images.empty:
        raise CatalogError("The catalog has no such study: name one by its pseudonymous id.")
    found = [_Image(*row) for row in images[["image", "view", "input_key"]].itertuples(index=False)]
    frontals = [image for image in found if View(image.view).is_frontal]
    if not frontals:
        raise CatalogError(f"Study {study} has no frontal image, without which models judge nothing.")
    return frontals, next((image for image in found if image.view == View.LATERAL), None)


def _picture(image: _Image, settings: Settings) -> NDArray[np.uint8]:
    """What models see of an image: uint8 [H, W]."""
    try:
        with (settings.store / image.key).open("rb") as file, Image.open(file) as stored:
            return np.array(stored.convert("L"))
    except (OSError, UnidentifiedImageError) as error:
        raise StorageError(
            f"The stored picture of image {image.name} cannot be read ({type(error).__name__}): ingest it again."
        ) from None


def _write(
    folder: Path, image: _Image, picture: NDArray[np.uint8], heats: NDArray[np.float32], findings: Sequence[Finding]
) -> list[Path]:
    files = [folder / f"{image.name}-{finding.value}.png" for finding in findings]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, heat in zip(files, heats, strict=True):
            Image.fromarray(overlay(picture, heat)).save(file)
    except OSError as error:
        raise StorageError(f"The pictures cannot be written: {error.strerror}.") from None
    return files
