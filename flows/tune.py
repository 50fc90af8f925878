"""Tune: a search for better settings of the next training, judged by the validation patients alone."""

import json
import math
from pathlib import Path
from typing import Any

from prefect import flow

from components.datasets import Snapshot
from components.models import ModelConfig
from components.promotion import Alias
from components.settings import Settings, load_settings
from components.training import TuneEpoch, TuneResult
from components.training import tune as search
from flows._modelling import check, freeze, registry, work_folder
from flows._steps import run_name, step
from flows._telling import progress, say

_SNAPSHOT = "snapshot"


@flow(name="tune", flow_run_name=run_name("tune"))
def tune(site: str | None = None, folder: Path | None = None) -> dict[str, Any]:
    """Trials of settings on a hospital's studies, from the champion's weights where there is one.

    The locked test patients are not looked at; no model comes out of it, but a fragment of radloop.toml.

    Raises:
        DataQualityError, SnapshotError, TrainingError: the data or the cluster do not allow it.
    """
    settings = load_settings()
    site = site or settings.site
    place = work_folder(settings, f"tune-{site}") if folder is None else folder.absolute()
    say(f"  {place}: the search goes on from there if it is interrupted (--folder)")
    place.mkdir(parents=True, exist_ok=True)
    snapshot = _snapshot(site, settings, place)
    found = _search(snapshot, settings, place, _base(settings))
    fragment, table = place / "tune.toml", place / "tune.json"
    fragment.write_text(found.fragment)
    table.write_text(json.dumps(found.to_json(), indent=1))
    return found.to_json() | {"fragment": found.fragment, "toml": str(fragment), "json": str(table)}


def _snapshot(site: str, settings: Settings, place: Path) -> Snapshot:
    """The snapshot of a search that was begun, or a new one."""
    if (place / _SNAPSHOT).is_dir():
        return Snapshot.open(place / _SNAPSHOT)
    snapshot = freeze(site, settings, place)
    check(snapshot, site, settings, place)
    return snapshot


def _base(settings: Settings) -> Path | None:
    shelf = registry(settings)
    return None if shelf.champion_version() is None else shelf.fetch(Alias.CHAMPION, settings.home / "models")


@step(name="try settings")
def _search(snapshot: Snapshot, settings: Settings, place: Path, base: Path | None) -> TuneResult:
    trials = settings.tune.trials

    def told(number: int, epoch: TuneEpoch) -> None:
        auc = "" if math.isnan(epoch.auc) else f", AUC {epoch.auc:.3f}"
        say(f"  trial {number:>2} epoch {epoch.epoch:>2}: loss on validation {epoch.loss:.3f}{auc}")
        report(number, trials)

    with progress("trials", "tuning") as report:
        return search(
            snapshot.folder,
            model=ModelConfig.from_settings(settings.model),
            settings=settings.training,
            space=settings.tune,
            base=base,
            folder=place / "trials",
            seed=settings.seed,
            on_epoch=told,
        )
