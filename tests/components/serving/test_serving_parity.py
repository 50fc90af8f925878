"""From a hospital's files through ingest, snapshot and evaluation: the service gives each study the same figures."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from catalog_records import NOW, event
from tiny_dicom import tiny_dicom
from upath import UPath

from components.catalog import Catalog, LabelSource, Side
from components.datasets import Snapshot, freeze
from components.deidentify import Crosswalk, Pseudonymiser
from components.evaluation import predict
from components.findings import FINDINGS
from components.imaging import PREPROCESSING_VERSION
from components.intake import ingest
from components.models import load_model
from components.serving import load_bundle
from components.settings import DeidentifySettings, ImagingSettings, SplitSettings, UncertainPolicy

MakeBundle = Callable[..., Path]
STUDIES = 12
SIZE = 96
KEY = b"k" * 32


@pytest.fixture
def files(tmp_path: Path) -> dict[str, bytes]:
    """Study → its one file, in several sizes and photometric interpretations; all lie in the export folder."""
    pseudonymiser = Pseudonymiser(KEY, max_shift_days=30)
    made = {}
    (tmp_path / "export").mkdir()
    for number in range(STUDIES):
        uid = f"1.2.826.0.1.3680043.99.{number + 1}"
        made[pseudonymiser.uid(uid)] = tiny_dicom(
            rows=90 + 10 * number,
            columns=130 - 5 * number,
            seed=number,
            PatientID=f"ID{number}",
            StudyInstanceUID=uid,
            SOPInstanceUID=f"{uid}.1",
            ViewPosition="AP" if number % 3 else "PA",
            PhotometricInterpretation="MONOCHROME1" if number % 2 else "MONOCHROME2",
        )
    for number, file in enumerate(made.values()):
        (tmp_path / "export" / f"{number}.dcm").write_bytes(file)
    return made


@pytest.fixture
def snapshot(files: dict[str, bytes], tmp_path: Path) -> Snapshot:
    store = UPath(tmp_path / "store")
    with Catalog.open(f"sqlite:///{tmp_path / 'catalog.db'}") as catalog:
        ingest(
            [tmp_path / "export"],
            reports=[],
            catalog=catalog,
            store=store,
            quarantine=tmp_path / "quarantine",
            pseudonymiser=Pseudonymiser(KEY, max_shift_days=30),
            crosswalk=Crosswalk(tmp_path / "crosswalk", KEY),
            site="local",
            deidentify=DeidentifySettings(),
            imaging=ImagingSettings(size=SIZE),
            now=NOW,
        )
        reader = LabelSource.READER
        read = [event(f"{s}-{f}", s, finding=f, source=reader) for s in files for f in FINDINGS]
        catalog.append_label_events(read)
        return freeze(
            catalog,
            store=store,
            site="local",
            folder=tmp_path / "snapshot",
            size=SIZE,
            split=SplitSettings(),
            uncertain=UncertainPolicy.SOFT,
            seed=0,
            preprocessing=PREPROCESSING_VERSION,
        )


def test_the_service_gives_every_study_what_evaluation_gave_it(
    files: dict[str, bytes], snapshot: Snapshot, make_bundle: MakeBundle
) -> None:
    folder = make_bundle(4)
    model = load_model(folder)
    scored = pd.concat([predict(model, snapshot, side, batch_size=5) for side in Side])
    bundle = load_bundle(folder, "1")
    answered = {
        study: {finding.value: said.probability for finding, said in bundle.answer([file]).findings.items()}
        for study, file in files.items()
    }
    assert len(scored) == STUDIES
    served = pd.DataFrame.from_dict(answered, orient="index")
    pd.testing.assert_frame_equal(
        served.sort_index(), scored.sort_index(), check_exact=False, rtol=0, atol=1e-5, check_names=False
    )
