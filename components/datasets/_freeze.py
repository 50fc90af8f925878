"""Freezing the catalog: which studies, which side, which targets, which pictures."""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from upath import UPath

from components import labels
from components.catalog import Catalog, LabelSource, Side, View
from components.datasets._decode import decode
from components.datasets._record import Origin
from components.datasets._snapshot import Snapshot
from components.datasets._split import assign_sides
from components.datasets._write import building, fill
from components.errors import SnapshotError
from components.findings import FINDINGS, Assertion, release_of
from components.settings import SplitSettings, UncertainPolicy

_log = logging.getLogger(__name__)

_NAMES = [finding.value for finding in FINDINGS]
_OF_STUDY = ["patient", "side", "date", "age", "sex", "manufacturer", "patient_class", "source"]
_SHARD_BYTES = 256 * 2**20
_THREADS = 4  # decoding PNG files releases the interpreter's lock


def freeze(  # noqa: PLR0913  each thing that decides a snapshot, by its name
    catalog: Catalog,
    *,
    store: UPath,
    site: str,
    folder: Path | UPath,
    size: int,
    split: SplitSettings,
    uncertain: UncertainPolicy,
    seed: int,
    preprocessing: str,
    progress: Callable[[int, int], None] | None = None,
) -> Snapshot:
    """The snapshot of one site's labelled studies; patients without a side get one, in the catalog and here.

    Taken are the studies with a report, a reader's label or a published dataset's, with their PA, AP and lateral
    images, but for those that readers called not readable or of another view. A window of time (`split`) shortens
    training and validation alone: it moves nobody to another side, and the locked side keeps all its studies. The same
    catalog and seed give the same snapshot hash.

    Args:
        store: where the images' `input_key` files lie (8-bit grey PNG).
        folder: the snapshot's own folder; must not exist yet.
        size: side of the packed pictures; files of another size are resized.
        preprocessing: version of the steps that made the files.
        progress: told (images done, images in all).

    Raises:
        SnapshotError: no study is labelled, or the folder exists.
        StorageError: a picture cannot be read, or the snapshot not be written.
        CatalogError: a patient got another side meanwhile.
    """
    events = catalog.label_events(site)
    images, studies = _usable(catalog, site, events)
    codes = _codes(events, studies)
    fixed = catalog.sides(site)
    sides = assign_sides(codes.to_numpy(), _texts(studies["patient"]), settings=split, seed=seed, fixed=fixed)
    described = _described(studies, events, sides)
    described = described[_in_window(described, split)]
    targets, masked = _masked(_targets(codes.loc[described.index], uncertain, seed), described["side"], split)
    manifest, keys = _manifest(images, described, targets)
    with building(folder) as unfinished:
        fill(
            unfinished,
            manifest=manifest,
            pictures=_shards(store, keys, size=size, progress=progress),
            origin=Origin(
                site=site,
                seed=seed,
                split=split,
                uncertain=uncertain,
                preprocessing=preprocessing,
                **_labelled_by(events, described.index),
            ),
            masked=masked,
        )
        # Last before the folder takes its name: nobody gets a side for a snapshot that could not be written.
        catalog.assign_sides(site, {patient: side for patient, side in sides.items() if patient not in fixed})
    return Snapshot.open(folder)


def _usable(catalog: Catalog, site: str, events: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The images of a known view that readers did not refuse, and the labelled studies that have one, by study."""
    images = catalog.images(site)
    unusable = labels.unusable_images(catalog.readings(site))
    images = images[(images["view"] != View.UNKNOWN.value) & ~images["image"].isin(list(unusable))]
    studies = _labelled(catalog.studies(site), events)
    studies = studies[studies.index.isin(images["study"])]
    if studies.empty:
        raise SnapshotError(f"The site '{site}' has no study with both an image and a label: ingest some first.")
    return images, studies


def _labelled(studies: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """The studies with a report that counts, a reader's word or a published dataset's, by study."""
    read = events.loc[(events["source"] != LabelSource.LABELER.value) | _is_published(events), "study"]
    return studies[studies["report"].notna() | studies["study"].isin(read)].set_index("study").sort_index()


def _codes(events: pd.DataFrame, studies: pd.DataFrame) -> pd.DataFrame:
    """The labels that hold, int8 codes; a study of which nothing was said is unmentioned throughout."""
    unmentioned = labels.CODES[Assertion.UNMENTIONED]
    known = labels.current_labels(events).reindex(studies.index, fill_value=unmentioned)
    return labels.propagate(known)


def _targets(codes: pd.DataFrame, uncertain: UncertainPolicy, seed: int) -> pd.DataFrame:
    """label_…, target_… and weight_… of each study."""
    targets, weights = labels.soft_targets(codes, policy=uncertain, seed=seed)
    columns = {f"label_{name}": codes[name].to_numpy(dtype=np.int8) for name in _NAMES}
    for number, name in enumerate(_NAMES):
        columns[f"target_{name}"] = targets[:, number]
        columns[f"weight_{name}"] = weights[:, number]
    return pd.DataFrame(columns, index=codes.index)


def _in_window(studies: pd.DataFrame, split: SplitSettings) -> "pd.Series[bool]":
    """Which studies are of the locked side, undated, or as new as asked."""
    starts = [pd.Timestamp(split.since)] if split.since else []
    if split.window_days:
        starts.append(studies["date"].max() - pd.Timedelta(days=split.window_days))
    inside = (studies["side"] == Side.TEST.value) | studies["date"].isna()
    return inside | (studies["date"] >= max(starts)) if starts else inside | True


def _masked(
    targets: pd.DataFrame, sides: "pd.Series[str]", split: SplitSettings
) -> tuple[pd.DataFrame, dict[str, int] | None]:
    """The targets without weight where a finding has too few positives to learn from, and which findings those are.

    The label itself stays: the locked patients judge whether a model lost what it knew of it.
    """
    training = targets[sides == Side.TRAIN.value]
    counts = {name: int(((training[f"label_{name}"] == 1) & (training[f"weight_{name}"] > 0)).sum()) for name in _NAMES}
    few = {name: count for name, count in counts.items() if count < (split.min_positives or 0)}
    if few:
        _log.warning(
            "Fewer than %d positive training studies, so left out of the loss: %s.",
            split.min_positives, ", ".join(f"{name} ({count})" for name, count in few.items()),
        )  # fmt: skip
    return targets.assign(**{f"weight_{name}": np.float32(0) for name in few}), few or None


def _described(studies: pd.DataFrame, events: pd.DataFrame, sides: dict[str, Side]) -> pd.DataFrame:
    """Who each study is of, its side and whose word its labels are."""
    sources = labels.label_sources(events).reindex(studies.index, fill_value=LabelSource.LABELER.value)
    side = [sides[patient].value for patient in _texts(studies["patient"])]
    date = pd.to_datetime(studies["date"]).astype("datetime64[ms]")
    return studies.assign(side=side, date=date, source=sources)[_OF_STUDY]


def _manifest(
    images: pd.DataFrame, studies: pd.DataFrame, targets: pd.DataFrame
) -> tuple[pd.DataFrame, list[tuple[str, str]]]:
    """The manifest, and for each of its rows the image and its key in the store."""
    chosen = images[images["study"].isin(studies.index)].sort_values(["study", "image"], ignore_index=True)
    manifest = chosen[["image", "study", "view"]].join(studies, on="study").join(targets, on="study")
    manifest.insert(0, "row", np.arange(len(manifest), dtype=np.int64))
    return manifest, list(zip(chosen["image"], chosen["input_key"], strict=True))


def _shards(
    store: UPath, keys: list[tuple[str, str]], *, size: int, progress: Callable[[int, int], None] | None
) -> Iterator[NDArray[np.uint8]]:
    """The pictures in blocks of at most a shard's bytes, uint8 [n, size, size]."""
    at_once = max(1, _SHARD_BYTES // size**2)
    done = 0
    with ThreadPoolExecutor(_THREADS) as pool:
        for start in range(0, len(keys), at_once):
            chosen = keys[start : start + at_once]
            block = np.empty((len(chosen), size, size), dtype=np.uint8)
            for number, picture in enumerate(pool.map(partial(_decoded, store, size), chosen)):
                block[number] = picture
                done += 1
                if progress is not None:
                    progress(done, len(keys))
            yield block


def _decoded(store: UPath, size: int, image: tuple[str, str]) -> NDArray[np.uint8]:
    return decode(store, *image, size=size)


def _labelled_by(events: pd.DataFrame, studies: pd.Index) -> dict[str, tuple[str, ...] | None]:
    """`Origin.labelers`: those whose word on these studies is the latest; older ones stay on record, and do not count.

    `Origin.published`: the published releases that spoke of them.
    """
    here = events[events["study"].isin(studies)]
    own = here[(here["source"] == LabelSource.LABELER.value) & ~_is_published(here)]
    latest = own.sort_values("at", kind="stable").drop_duplicates(["study", "finding"], keep="last")
    releases = {release for author in here["author"].unique() if (release := release_of(author))}
    return {"labelers": tuple(sorted(latest["author"].unique())), "published": tuple(sorted(releases)) or None}


def _is_published(events: pd.DataFrame) -> "pd.Series[bool]":
    """Which of the events are a published dataset's."""
    return events["author"].isin([author for author in events["author"].unique() if release_of(author)])


def _texts(column: pd.Series) -> list[str]:
    return [str(value) for value in column]
