"""Holds: published datasets come in as laid out, once, each picture accounted for, unlabelled findings masked."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import published_layouts as layouts
import pytest
from PIL import Image
from upath import UPath

from components.catalog import Catalog, Side
from components.datasets import ImportResult, Snapshot, freeze, import_dataset
from components.deidentify import Crosswalk, Pseudonymiser
from components.errors import ConfigurationError, StorageError
from components.findings import DATASET_NAMES, FINDINGS, Dataset
from components.labels import current_labels, label_sources
from components.settings import DeidentifySettings, ImagingSettings, SplitSettings, UncertainPolicy

_KEY = b"k" * 32
_LAYOUTS: dict[Dataset, Callable[[Path], Path]] = {
    Dataset.CHEXPERT: layouts.chexpert,
    Dataset.MIMIC: layouts.mimic,
    Dataset.PADCHEST: layouts.padchest,
    Dataset.VINDR: layouts.vindr,
}


@dataclass
class Home:
    """Where imports go."""

    folder: Path
    catalog: Catalog
    crosswalk: Crosswalk

    @property
    def store(self) -> UPath:
        return UPath(self.folder / "store")

    def take(self, dataset: Dataset, folder: Path, **options: object) -> ImportResult:
        return import_dataset(
            dataset,
            folder,
            **{
                "catalog": self.catalog,
                "store": self.store,
                "pseudonymiser": Pseudonymiser(_KEY, max_shift_days=365),
                "crosswalk": self.crosswalk,
                "site": "published",
                "deidentify": DeidentifySettings(),
                "imaging": ImagingSettings(size=48),
                "now": datetime(2026, 1, 2, tzinfo=UTC),
                **options,
            },
        )

    def freeze(self, name: str = "snapshot", **split: object) -> Snapshot:
        return freeze(
            self.catalog,
            store=self.store,
            site="published",
            folder=self.folder / name,
            size=48,
            split=SplitSettings(**split),
            uncertain=UncertainPolicy.SOFT,
            seed=0,
            preprocessing="1",
        )

    def original(self, kind: str, published: str) -> str:
        """The pseudonym of a publisher's id."""
        return next(
            pseudonym for found, text, pseudonym in self.crosswalk.entries() if (found, text) == (kind, published)
        )

    def codes(self, study: str) -> pd.Series:
        events = self.catalog.label_events("published")
        return current_labels(events).loc[self.original("study", study)]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    catalog = Catalog.open(f"sqlite:///{tmp_path / 'catalog.db'}")
    crosswalk = Crosswalk(tmp_path / "secrets" / "crosswalk", _KEY)
    yield Home(tmp_path, catalog, crosswalk)
    crosswalk.close()
    catalog.close()


@pytest.mark.parametrize("dataset", _LAYOUTS)
def test_every_picture_is_accounted_for_and_a_second_run_adds_nothing(
    dataset: Dataset, home: Home, tmp_path: Path
) -> None:
    folder = _LAYOUTS[dataset](tmp_path / "published")
    told: list[tuple[int, int]] = []
    first = home.take(dataset, folder, progress=lambda done, total: told.append((done, total)))
    left_out = {
        Dataset.CHEXPERT: {"missing_file": 1, "other_view": 1, "bad_row": 1},
        Dataset.MIMIC: {"other_view": 1, "unknown_view": 1, "no_labels": 1},
        Dataset.PADCHEST: {"other_view": 1, "no_labels": 2, "bad_row": 1},
        Dataset.VINDR: {"missing_file": 1},
    }[dataset]
    assert first.left_out == left_out
    assert first.accepted == {"chexpert": 4, "mimic": 4, "padchest": 4, "vindr": 3}[dataset]
    assert told[-1] == (first.received, first.received)
    assert sum(1 for _ in Path(home.store.path).rglob("*.png")) == first.accepted
    again = home.take(dataset, folder)
    assert again == ImportResult(accepted=0, duplicates=first.accepted, labels=0, left_out=left_out)


def test_an_interrupted_run_is_completed(home: Home, tmp_path: Path) -> None:
    folder = layouts.chexpert(tmp_path / "published")

    class Ended(BaseException):
        """The process ends."""

    def end(*_: object) -> int:
        raise Ended

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Ended):
        patch.setattr(home.catalog, "append_label_events", end)
        home.take(Dataset.CHEXPERT, folder)
    assert home.catalog.label_events("published").empty
    assert home.take(Dataset.CHEXPERT, folder).duplicates == 4
    studies = home.catalog.studies("published")["study"]
    assert set(home.catalog.label_events("published")["study"]) == set(studies)


def test_nothing_tells_the_publishers_ids_but_the_crosswalk(home: Home, tmp_path: Path) -> None:
    home.take(Dataset.MIMIC, layouts.mimic(tmp_path / "published"))
    kept = [*home.folder.glob("catalog.db*"), *(home.folder / "store").rglob("*")]
    content = b"".join(str(path).encode() + (path.read_bytes() if path.is_file() else b"") for path in kept)
    assert b"10000032" not in content
    assert b"50414267" not in content
    study = home.catalog.studies("published").set_index("study").loc[home.original("study", "mimic:50414267")]
    assert study["date"].year in (2179, 2180), "moved back by up to a year"


def test_chexpert_codes_views_and_the_radiologists_validation_part(home: Home, tmp_path: Path) -> None:
    home.take(Dataset.CHEXPERT, layouts.chexpert(tmp_path / "published"))
    codes = home.codes("chexpert:patient00001/study1")
    assert codes[["edema", "pneumonia", "fracture", "cardiomegaly", "no_finding"]].tolist() == [1, -1, 0, -2, -2]
    assert home.codes("chexpert:patient64541/study1")["cardiomegaly"] == 1
    images = home.catalog.images("published")
    assert sorted(images["view"]) == ["AP", "AP", "LATERAL", "PA"]
    studies = home.catalog.studies("published")
    assert sorted(studies["age"]) == [68, 73, 90]
    assert home.catalog.sides("published") == {home.original("patient", "chexpert:patient64541"): Side.VALIDATION}
    assert set(label_sources(home.catalog.label_events("published"))) == {"labeler", "reader"}


def test_mimic_keeps_the_published_split_and_reads_views_from_codes(home: Home, tmp_path: Path) -> None:
    home.take(Dataset.MIMIC, layouts.mimic(tmp_path / "published"))
    sides = home.catalog.sides("published")
    held_out = {"mimic:11000111": Side.VALIDATION, "mimic:12000222": Side.TEST}
    assert sides == {home.original("patient", patient): side for patient, side in held_out.items()}
    assert sorted(home.catalog.images("published")["view"]) == ["AP", "LATERAL", "PA", "PA"]
    assert (home.codes("mimic:51000000") == -2).all(), "a report that mentions nothing is a label all the same"


def test_padchest_lists_become_findings_and_inverted_pictures_are_turned(home: Home, tmp_path: Path) -> None:
    home.take(Dataset.PADCHEST, layouts.padchest(tmp_path / "published"))
    assert set(FINDINGS[i] for i in np.flatnonzero(home.codes("padchest:s1") == 1)) == {
        "cardiomegaly",
        "support_devices",
    }
    assert home.codes("padchest:s2")[["pneumothorax", "pleural_effusion", "no_finding"]].tolist() == [1, 1, 0]
    assert home.codes("padchest:s3")["pleural_effusion"] == -1
    authors = set(home.catalog.label_events("published")["author"])
    assert authors == {"padchest:01.02.19:physicians", "padchest:01.02.19"}
    middles = {}
    for image in home.catalog.images("published").itertuples():
        middles[image.study] = np.asarray(Image.open(home.store / image.input_key))[20:28, 20:28].mean()
    assert middles[home.original("study", "padchest:s1")] > 200
    assert middles[home.original("study", "padchest:s2")] < 50


def test_vindr_readers_vote_and_what_it_does_not_label_is_masked(home: Home, tmp_path: Path) -> None:
    home.take(Dataset.VINDR, layouts.vindr(tmp_path / "published"))
    codes = home.codes("vindr:5fe0")
    assert codes[["cardiomegaly", "fracture", "no_finding"]].tolist() == [1, 0, 0]
    assert codes[["enlarged_cardiomediastinum", "support_devices"]].tolist() == [-3, -3]
    studies = home.catalog.studies("published")
    assert (studies[["age", "sex"]] == [45, "F"]).all(axis=None)
    snapshot = home.freeze()
    assert snapshot.record.origin.labelers == ()
    assert snapshot.record.origin.published == ("vindr:1.0.0",)
    assert (snapshot.manifest["weight_support_devices"] == 0).all()
    assert (snapshot.manifest["weight_edema"] == 1).all()
    truth = snapshot.truth(Side.TEST)
    assert truth.loc[home.original("study", "vindr:0c1d"), "pneumothorax"] == 1
    assert truth[["enlarged_cardiomediastinum", "support_devices"]].isna().all(axis=None)


def test_two_datasets_share_a_site_and_each_masks_its_own_gaps(home: Home, tmp_path: Path) -> None:
    home.take(Dataset.VINDR, layouts.vindr(tmp_path / "vindr"))
    home.take(Dataset.CHEXPERT, layouts.chexpert(tmp_path / "chexpert"))
    manifest = home.freeze().manifest.drop_duplicates("study").set_index("study")
    vindr = [home.original("study", f"vindr:{image}") for image in ("5fe0", "77aa", "0c1d")]
    assert (manifest.loc[vindr, "weight_support_devices"] == 0).all()
    assert (manifest.drop(index=vindr)["weight_support_devices"] == 1).all()


def test_a_withdrawn_patient_is_not_imported_again(home: Home, tmp_path: Path) -> None:
    folder = layouts.chexpert(tmp_path / "published")
    home.take(Dataset.CHEXPERT, folder)
    patient = home.original("patient", "chexpert:patient00001")
    home.catalog.withdraw(patient, site="published", now=datetime(2026, 2, 1, tzinfo=UTC))
    home.catalog.forget(patient)
    again = home.take(Dataset.CHEXPERT, folder)
    assert again.left_out["withdrawn"] == 2
    assert again.accepted == 0
    assert patient not in set(home.catalog.studies("published")["patient"])


def test_damaged_pictures_and_foreign_folders_are_told_apart(home: Home, tmp_path: Path) -> None:
    folder = layouts.chexpert(tmp_path / "published")
    first, second, third, *_ = sorted(folder.rglob("*.jpg"))
    first.write_bytes(first.read_bytes()[:400])
    second.write_text("no picture")
    third.write_bytes(b"")
    found = home.take(Dataset.CHEXPERT, folder)
    assert {name: found.left_out[name] for name in ("truncated", "unreadable_pixels")} == {
        "truncated": 1,
        "unreadable_pixels": 2,
    }
    with pytest.raises(ConfigurationError, match="Data_Entry_2017"):
        home.take(Dataset.NIH, folder)
    (folder / "CheXpert-v1.0-small" / "train.csv").write_text("Path,Sex\n")
    with pytest.raises(ConfigurationError, match=r"lacks the column\(s\) Age"):
        home.take(Dataset.CHEXPERT, folder)
    mimic = layouts.mimic(tmp_path / "mimic")
    table = mimic / "mimic-cxr-2.0.0-chexpert.csv.gz"
    table.write_bytes(table.read_bytes()[:-30])
    with pytest.raises(StorageError, match="download it again"):
        home.take(Dataset.MIMIC, mimic)


def test_real_radiographs_laid_out_as_the_nih_publishes_them(home: Home, shared_data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "nih"
    with (shared_data / "studies.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))[:12]
    entries = []
    for number, row in enumerate(rows):
        name = Path(row["image"]).with_suffix(".png").name
        entries.append([name, row["nih_labels"], number, int(row["patient_id"]), row["age"], row["sex"], row["view"]])
        place = folder / f"images_{1 + number // 6:03d}" / "images"
        place.mkdir(parents=True, exist_ok=True)
        picture = Image.open(shared_data / row["image"])
        (picture.convert("RGBA") if number == 0 else picture).save(place / name)  # the NIH's are not all grey
    entries.append(["00030805_000.png", "Hernia", 0, 30805, "411", "F", "PA"])
    entries.append(["../00030805_000.png", "Hernia", 0, 30805, "57", "F", "PA"])
    sizes = [2682, 2749, 0.143, 0.143, ""]
    table = [[*entry, *sizes] for entry in entries]
    layouts.write_table(folder / "Data_Entry_2017.csv", layouts.NIH_COLUMNS.split(","), table)
    locked = f"{int(rows[0]['patient_id']):08d}"
    (folder / "test_list.txt").write_text(f"{locked}_000.png\n")
    found = home.take(Dataset.NIH, folder)
    assert found.as_json() | {"labels": 0} == {
        "received": 14,
        "accepted": 12,
        "duplicates": 0,
        "left_out": {"missing_file": 1, "bad_row": 1},
        "labels": 0,
    }
    assert home.catalog.sides("published") == {home.original("patient", f"nih:{int(locked)}"): Side.TEST}
    codes = home.codes(f"nih:{entries[0][0]}")
    names = DATASET_NAMES["nih"]
    said = {names[label] for label in str(entries[0][1]).split("|") if label in names}
    assert set(codes.index[codes == 1]) == said
    assert set(codes.index[codes == -3]) == {"enlarged_cardiomediastinum", "fracture", "support_devices"}
    pictures = [np.asarray(Image.open(home.store / key)) for key in home.catalog.images("published")["input_key"]]
    assert all(picture.shape == (48, 48) and picture.std() > 20 for picture in pictures)
