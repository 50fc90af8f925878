"""An invented hospital's studies as a snapshot, by the product's whole path: drawn, taken in, labelled, frozen."""

from datetime import UTC, datetime
from pathlib import Path

from components.catalog import Catalog
from components.datasets import Snapshot, freeze
from components.deidentify import open_identities
from components.imaging import PREPROCESSING_VERSION
from components.intake import ingest
from components.labeler import label_reports
from components.settings import Settings
from components.simulator import Site, write_hospital


def hospital_snapshot(folder: Path, site: Site, *, studies: int, settings: Settings) -> Snapshot:
    """The snapshot of `site` in `folder`, with pictures of settings.imaging.size; the same arguments, the same one."""
    write_hospital(folder / "hospital", studies=studies, seed=settings.seed, site=site, size=settings.imaging.size)
    home = settings.model_copy(update={"home": folder / "home"})
    _key(home)
    with (
        open_identities(home) as identities,
        Catalog.open(home.catalog.get_secret_value()) as catalog,
    ):
        ingest(
            [folder / "hospital" / "export"],
            catalog=catalog,
            store=home.store,
            quarantine=home.quarantine,
            pseudonymiser=identities.pseudonymiser,
            crosswalk=identities.crosswalk,
            site=site,
            deidentify=home.deidentify,
            imaging=home.imaging,
            now=datetime.now(UTC),
            workers=0,
        )
        label_reports(catalog, site=site, now=datetime.now(UTC))
        return freeze(
            catalog,
            store=home.store,
            site=site,
            folder=folder / "snapshot",
            size=home.imaging.size,
            split=home.split,
            uncertain=home.training.uncertain,
            seed=home.seed,
            preprocessing=PREPROCESSING_VERSION,
        )


def _key(settings: Settings) -> None:
    """The same key each time: pseudonyms, and with them the split, are the same everywhere."""
    settings.secrets.mkdir(parents=True, mode=0o700)
    settings.pseudonym_key.write_text("0" * 64)
    settings.pseudonym_key.chmod(0o600)
