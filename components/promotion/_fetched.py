"""A registered bundle on this machine's disk, verified before anything reads it."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from components.errors import ModelError
from components.promotion._bundle import bundle_hash


def place_bundle(download: Callable[[Path], Path], *, wanted: str, target: Path) -> Path:
    """Puts the bundle into `target`, its files those that were registered; one that lies there unaltered is kept.

    Args:
        download: writes the registry's files below the folder it is given, and says where.
        wanted: `bundle_hash` at registration.
        target: named after the version.

    Raises:
        ModelError: what came is not what was registered.
    """
    if target.is_dir():
        if _is(target, wanted):
            return target
        shutil.rmtree(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetch-") as name:
        fetched = download(Path(name))
        (fetched / "MLmodel").unlink(missing_ok=True)  # MLflow's description, no part of the bundle
        if not _is(fetched, wanted):
            raise ModelError(f"Version {target.name} in the registry is not what was registered: it was altered.")
        _move(fetched, target)
    return target


def _is(folder: Path, wanted: str) -> bool:
    try:
        return bundle_hash(folder) == wanted
    except ModelError:
        return False


def _move(fetched: Path, target: Path) -> None:
    """Into place, unless another process was faster with the same, verified bundle."""
    try:
        fetched.rename(target)
    except OSError:
        if not target.is_dir() or bundle_hash(target) != bundle_hash(fetched):
            raise
