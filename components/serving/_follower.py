"""Following the registry's champion: a new one answers only after it was loaded aside and checked."""

import logging
import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from components.errors import ModelError, RadloopError
from components.serving._answer import ServiceState
from components.serving._bundle import Bundle, load_bundle
from components.serving._heads import HeadSource, serve_heads

_NO_CHAMPION = "The registry has no champion yet; run 'radloop pretrain' or 'radloop retrain'."
_HEADS = "heads"
_log = logging.getLogger(__name__)


class ChampionSource(Protocol):
    """What the follower asks of `promotion.Registry`."""

    def champion_version(self) -> str | None:
        """The version that the champion alias names."""

    def fetch(self, which: str, folder: Path) -> Path:
        """The verified bundle of a version, in `folder`/VERSION; one that lies there already is kept."""


class Follower:
    """The bundle in service, replaced in one assignment whenever the champion alias names another version.

    A version that cannot be fetched, loaded or verified leaves the old one in service, and `state` says so.
    """

    def __init__(
        self,
        open_registry: Callable[[], ChampionSource],
        folder: Path,
        *,
        poll_s: float,
        open_heads: Callable[[], HeadSource] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._open_registry = open_registry
        self._open_heads = open_heads
        self._registry: ChampionSource | None = None
        self._heads: HeadSource | None = None
        self._heads_known: tuple[str, dict[str, str]] | None = None
        self._folder = folder
        self._poll_s = poll_s
        self._clock = clock
        self._in_service: tuple[Bundle, datetime] | None = None
        self._problem: str | None = "The first model is being loaded."
        self._looked = False
        self._failed: str | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="follower", daemon=True)

    @property
    def bundle(self) -> Bundle | None:
        """The model that answers now."""
        return self._in_service[0] if self._in_service else None

    @property
    def state(self) -> ServiceState:
        """Which model answers since when, and what keeps a newer one from it."""
        bundle, since = self._in_service or (None, None)
        return ServiceState(
            model_version=bundle.version if bundle else None,
            heads={finding: served.version for finding, served in bundle.heads.items()} if bundle else {},
            since=since,
            problem=self._problem,
        )

    @property
    def settled(self) -> bool:
        """Whether the alias was looked at once, so that `state` is more than a beginning."""
        return self._looked

    def start(self) -> None:
        """Follows in a thread of its own, from now."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread."""
        self._stop.set()

    def look(self) -> None:
        """Looks at the alias once, and changes the model when it names another one."""
        try:
            self._registry = self._registry or self._open_registry()
            self._heed(self._registry, self._registry.champion_version())
            self._heed_heads()
        except RadloopError as error:
            self._registry = self._heads = None
            self._say(str(error))
        except Exception as error:  # the old model must go on answering whatever the registry's engine throws
            self._registry = self._heads = None
            self._say(f"The registry cannot be read ({type(error).__name__}).")
        self._looked = True

    def _follow(self) -> None:
        while not self._stop.is_set():
            self.look()
            self._stop.wait(self._poll_s)

    def _heed(self, registry: ChampionSource, version: str | None) -> None:
        if version is None:
            self._problem = None if self._in_service else _NO_CHAMPION
        elif self.bundle is not None and self.bundle.version == version:
            self._problem = self._failed = None
        elif version != self._failed:  # a bundle never changes: what failed its check once will fail it again
            self._change(registry, version)

    def _change(self, registry: ChampionSource, version: str) -> None:
        try:
            bundle = load_bundle(registry.fetch(version, self._folder), version)
        except ModelError as error:
            self._failed = version
            kept = f"version {self.bundle.version} stays in service" if self.bundle else "no model is in service"
            self._say(f"Version {version} failed its check, {kept}: {error}")
            return
        before, self._in_service = self._in_service, (bundle, self._clock())
        self._problem = self._failed = None
        _log.info("model version %s is in service", version)
        if before is not None:
            self._forget({version, before[0].version, _HEADS})

    def _heed_heads(self) -> None:
        """Puts the registry's heads beside the model that they read, whenever either changed."""
        if self._open_heads is None or self._in_service is None:
            return
        self._heads = self._heads or self._open_heads()
        named, (bundle, since) = self._heads.champions(), self._in_service
        if self._heads_known == (bundle.version, named):
            return
        place = self._folder / _HEADS
        served = serve_heads(self._heads, named, folder=place, model=self._folder / bundle.version)
        self._in_service, self._heads_known = (replace(bundle, heads=served), since), (bundle.version, named)

    def _forget(self, keep: set[str]) -> None:
        """Fetched bundles other than those in service now and before it."""
        for folder in self._folder.iterdir():
            if folder.is_dir() and folder.name not in keep:
                with suppress(OSError):
                    shutil.rmtree(folder)

    def _say(self, problem: str) -> None:
        if problem != self._problem:
            _log.warning("%s", problem)
        self._problem = problem
