"""Freezing the catalog: which studies, which side, which targets, which pictures."""

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
from components.findings import FINDINGS, Assertion
from components.settings import SplitSettings, UncertainPolicy

_NAMES = [finding.value for finding in FINDINGS]
_OF_STUDY = ["patient", "side", "date", "age", "sex", "manufacturer", "source"]
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

    Taken are the studies with a report or a reader's label, with their PA, AP and lateral images, but for those that
    readers called not readable or of another view. The same catalog and seed give the same snapshot hash.

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
    images = catalog.images(site)
    unusable = labels.unusable_images(catalog.readings(site))
    images = images[(images["view"] != View.UNKNOWN.value) & ~images["image"].isin(list(unusable))]
    studies = _labelled(catalog.studies(site), events)
    studies = studies[studies.index.isin(images["study"])]
    if studies.empty:
        raise SnapshotError(f"The site '{site}' has no study with both an image and a label: ingest some first.")
    codes = _codes(events, studies)
    fixed = catalog.sides(site)
    sides = assign_sides(codes.to_numpy(), _texts(studies["patient"]), settings=split, seed=seed, fixed=fixed)
    manifest, keys = _manifest(images, _described(studies, events, sides), _targets(codes, uncertain, seed))
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
                labelers=_labelers(events, studies),
            ),
        )
        # Last before the folder takes its name: nobody gets a side for a snapshot that could not be written.
        catalog.assign_sides(site, {patient: side for patient, side in sides.items() if patient not in fixed})
    return Snapshot.open(folder)


def _labelled(studies: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """The studies with a report that counts or a reader's word, by study."""
    read = events.loc[events["source"] != LabelSource.LABELER.value, "study"]
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


def _labelers(events: pd.DataFrame, studies: pd.DataFrame) -> tuple[str, ...]:
    """The labeller versions whose word on these studies is the latest; older ones stay on record, and do not count."""
    here = events[(events["source"] == LabelSource.LABELER.value) & events["study"].isin(studies.index)]
    latest = here.sort_values("at", kind="stable").drop_duplicates(["study", "finding"], keep="last")
    return tuple(sorted(latest["author"].unique()))


def _texts(column: pd.Series) -> list[str]:
    return [str(value) for value in column]
