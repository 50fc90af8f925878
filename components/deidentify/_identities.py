"""Key, earlier keys and crosswalk, opened together: the one way in which commands come by pseudonyms."""

import fcntl
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from components.deidentify._crosswalk import Crosswalk
from components.deidentify._keys import fingerprint, load_or_create_key
from components.deidentify._pseudonyms import Pseudonymiser
from components.deidentify._rotation import Rotation, rotate, settle_rotation, was_cut_off
from components.errors import ConfigurationError, StorageError
from components.settings import Settings

_PATIENCE_S = 300.0  # a rotation of a million identifiers takes a minute or two
_ASK_EVERY_S = 0.05


@dataclass(frozen=True)
class Identities:
    """Who is who, while it is open; `fingerprint` names the key without telling it."""

    pseudonymiser: Pseudonymiser
    crosswalk: Crosswalk
    fingerprint: str


@contextmanager
def open_identities(settings: Settings, *, alone: bool = False) -> Iterator[Identities]:
    """Pseudonymiser and crosswalk of a home; a key rotation that was cut off is completed or undone first.

    Args:
        settings: say where key and crosswalk lie; both are made when there is neither.
        alone: nobody else may have them open meanwhile: for what takes entries away.

    Raises:
        ConfigurationError: key and crosswalk do not fit each other, the key is lost, or others may read them.
        StorageError: they cannot be read, or another command holds them.
    """
    key_file, crosswalk_file = settings.pseudonym_key, settings.crosswalk
    if was_cut_off(key_file, crosswalk_file):
        with _locked(crosswalk_file, alone=True, patience=_PATIENCE_S):
            settle_rotation(key_file, crosswalk_file)
    with _locked(crosswalk_file, alone=alone, patience=0 if alone else _PATIENCE_S):
        key = _key(key_file, crosswalk_file)
        crosswalk = Crosswalk(crosswalk_file, key)
        try:
            days, earlier = settings.deidentify.max_shift_days, crosswalk.generations()
            pseudonymiser = Pseudonymiser(key, max_shift_days=days, earlier=earlier)
            yield Identities(pseudonymiser, crosswalk, fingerprint(key))
        finally:
            crosswalk.close()


def rotate_key(settings: Settings, *, in_use: Iterable[str], before: Callable[[Rotation], object]) -> Rotation:
    """Replaces the home's key while nobody uses identities; a crash leaves the old key or the new one, never both.

    Args:
        settings: say where key and crosswalk lie.
        in_use: pseudonyms that the catalog holds; with the crosswalk's, they stay what they are.
        before: told what is about to happen, when nothing but the disk can prevent it; if it raises, nothing happens.

    Raises:
        ConfigurationError: key and crosswalk do not fit each other, or the key is lost.
        StorageError: another command uses identities, or a file cannot be written.
    """
    key_file, crosswalk_file = settings.pseudonym_key, settings.crosswalk
    with _locked(crosswalk_file, alone=True, patience=0):
        settle_rotation(key_file, crosswalk_file)
        _key(key_file, crosswalk_file)
        return rotate(key_file, crosswalk_file, in_use=in_use, before=before)


def _key(key_file: Path, crosswalk_file: Path) -> bytes:
    """The key; never a new one beside an old crosswalk."""
    if crosswalk_file.exists() and not key_file.exists():
        raise ConfigurationError(
            f"The pseudonym key {key_file.name} is missing, and the crosswalk was made with it: restore it from its "
            "copy. With a new key every patient would get a new pseudonym."
        )
    return load_or_create_key(key_file)


@contextmanager
def _locked(crosswalk_file: Path, *, alone: bool, patience: float) -> Iterator[None]:
    """Many may use identities at once; who rewrites them is alone. The system frees the lock of who was killed."""
    try:
        crosswalk_file.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
        place = crosswalk_file.with_name(f"{crosswalk_file.name}.lock")
        descriptor = os.open(place, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise StorageError(f"The crosswalk's lock cannot be made ({os.strerror(error.errno or 0)}).") from None
    try:
        _take(descriptor, fcntl.LOCK_EX if alone else fcntl.LOCK_SH, time.monotonic() + patience)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, kind: int, give_up: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > give_up:
                raise StorageError(
                    "Another command of this home uses identities (an ingest, a rotation, a forgetting): "
                    "let it end, then run this again."
                ) from None
        time.sleep(_ASK_EVERY_S)
