"""The image store as a run writes to it: a file is complete and safe on the disk under its key, or not there."""

import errno
import secrets
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from upath import UPath

from components.intake._disk import sync, write_synced, writing
from components.intake._runs import RunFolder

_LOCAL = frozenset({"", "file", "local"})
_THE_STORE = "The image store"
_AT_ONCE = 4


@dataclass(frozen=True)
class Staged:
    """A file that is not yet under its key: aside on the store's disk, or else in memory."""

    key: str
    aside: Path | None = field(repr=False, default=None)
    content: bytes = field(repr=False, default=b"")

    def read(self) -> bytes:
        """What will be under the key."""
        return self.aside.read_bytes() if self.aside else self.content


@dataclass(frozen=True)
class Staging:
    """Where every process of a run writes aside; it has no folder for an object store."""

    folder: Path | None

    def stage(self, key: str, content: bytes) -> Staged:
        """Writes a file aside, and waits until the disk has it.

        For an object store, and on a machine that does not reach the folder, the file stays in memory.

        Raises:
            StorageError: no space, no rights.
        """
        if self.folder is None or not self.folder.is_dir():
            return Staged(key, content=content)
        aside = self.folder / secrets.token_hex(8)
        with writing(_THE_STORE):
            write_synced(aside, content)
        return Staged(key, aside)


class Shelf:
    """Files are staged as they come, and placed together when the catalog takes their records."""

    def __init__(self, store: UPath) -> None:
        self._store = store
        self._local = Path(store.path).absolute() if store.protocol in _LOCAL else None
        self._run = RunFolder(self._local, _THE_STORE) if self._local else None
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="image-store")
        self.staging = Staging(self._run.path if self._run else None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown()
        if self._run is not None:
            self._run.__exit__()

    def place(self, staged: Sequence[Staged]) -> None:
        """Puts the files under their keys; they are safe on the disk when this returns.

        Raises:
            StorageError: no space, no rights, no store.
        """
        with writing(_THE_STORE):
            if self._local is None:
                for file in staged:  # an object store shows an object only when it is complete
                    (self._store / file.key).write_bytes(file.content)
            else:
                folders = {self._placed(file, self._local) for file in staged}
                list(self._threads.map(sync, folders))

    def drop(self, staged: Iterable[Staged]) -> None:
        """Forgets files that are not to be placed."""
        with writing(_THE_STORE):
            for file in staged:
                if file.aside:
                    file.aside.unlink()

    def read(self, key: str) -> bytes:
        """The file under this key.

        Raises:
            OSError: it is not there, or the store does not answer.
        """
        content: bytes = (self._store / key).read_bytes()
        return content

    def _placed(self, file: Staged, local: Path) -> Path:
        """The folder whose list of names has changed."""
        aside = file.aside or self.staging.stage(file.key, file.content).aside
        if aside is None:
            raise FileNotFoundError(errno.ENOENT, "the run's own folder is gone")
        target = local / file.key
        target.parent.mkdir(parents=True, exist_ok=True)
        aside.replace(target)
        return target.parent
