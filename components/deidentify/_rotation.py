"""A new key in place of the old one: whoever is known stays who they are, and the old key opens nothing any more.

Two files change, key and crosswalk. Both are made complete beside the old ones; then the new key is renamed over the
old one, which decides, and last the crosswalk. After a crash, a new crosswalk (.next) without a waiting new key
(.next) is of the key that holds by now, and is put in place; in every other case the new files are taken away.
"""

import os
import secrets
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from components.deidentify._crosswalk import Crosswalk
from components.deidentify._keys import KEY_BYTES, fingerprint, load_or_create_key, write_key
from components.deidentify._pseudonyms import Generation
from components.errors import StorageError


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """What a rotation does: fingerprints of both keys, identifiers encrypted anew, pseudonyms that stay."""

    old: str
    new: str
    entries: int
    kept: int


def rotate(
    key_file: Path, crosswalk_file: Path, *, in_use: Iterable[str], before: Callable[[Rotation], object]
) -> Rotation:
    """Replaces the key; the caller holds the lock that keeps everybody else away.

    Args:
        key_file: the key's file; its folder must be writable.
        crosswalk_file: the crosswalk's.
        in_use: pseudonyms that the catalog holds; with the crosswalk's, they stay what they are.
        before: told what is about to happen, when nothing but the disk can prevent it; if it raises, nothing happens.

    Raises:
        StorageError: a file cannot be written; the old key holds.
    """
    try:
        done = _prepared(key_file, crosswalk_file, in_use)
        before(done)
        _put_in_place(key_file)
        _put_in_place(crosswalk_file)
    except OSError as error:
        raise StorageError(
            f"The key cannot be rotated ({os.strerror(error.errno or 0)}): the folders of key and crosswalk must be "
            "writable and have space."
        ) from None
    finally:
        settle_rotation(key_file, crosswalk_file)
    return done


def was_cut_off(key_file: Path, crosswalk_file: Path) -> bool:
    """Whether a rotation ended in the middle."""
    return any(file.exists() for file in (_next(key_file), _next(crosswalk_file), _unfinished(crosswalk_file)))


def settle_rotation(key_file: Path, crosswalk_file: Path) -> None:
    """Completes a rotation that was cut off after the key was replaced, undoes one cut off before."""
    if not was_cut_off(key_file, crosswalk_file):
        return
    if _next(crosswalk_file).exists() and not _next(key_file).exists():
        _put_in_place(crosswalk_file)
    # The crosswalk first: without the key beside it, it would be taken for one whose key holds.
    for left in (_next(crosswalk_file), _next(key_file)):
        left.unlink(missing_ok=True)
        _flush_folder(left)
    _unfinished(crosswalk_file).unlink(missing_ok=True)
    _journal(_unfinished(crosswalk_file)).unlink(missing_ok=True)


def _prepared(key_file: Path, crosswalk_file: Path, in_use: Iterable[str]) -> Rotation:
    """Both new files, complete, beside the old ones."""
    old, new = load_or_create_key(key_file), secrets.token_bytes(KEY_BYTES)
    unfinished = _unfinished(crosswalk_file)
    with closing(Crosswalk(crosswalk_file, old)) as present, closing(Crosswalk(unfinished, new)) as fresh:
        earlier = present.generations()
        known = (
            pseudonym
            for pseudonym in chain(present.pseudonyms(), in_use)
            if not any(generation.knows(pseudonym) for generation in earlier)
        )
        generations = (*earlier, Generation.of(old, known))
        entries = present.copy_to(fresh, generations)
    write_key(_next(key_file), new)
    unfinished.rename(_next(crosswalk_file))
    _flush_folder(crosswalk_file)
    kept = sum(len(generation.marks) for generation in generations)
    return Rotation(old=fingerprint(old), new=fingerprint(new), entries=entries, kept=kept)


def _put_in_place(file: Path) -> None:
    _next(file).rename(file)
    _flush_folder(file)


def _next(file: Path) -> Path:
    return file.with_name(f"{file.name}.next")


def _unfinished(file: Path) -> Path:
    return file.with_name(f"{file.name}.unfinished")


def _journal(file: Path) -> Path:
    return file.with_name(f"{file.name}-journal")


def _flush_folder(file: Path) -> None:
    """Renames of a folder are on disk, in their order, only when the folder is."""
    descriptor = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
