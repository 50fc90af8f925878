"""Withdrawal of consent: every trace of a patient found, shown, and removed.

The order lets a forgetting that was killed be run again: nothing more is taken in first; what later steps are found
by (the catalog's rows, then the crosswalk's) goes last.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from components.catalog import Catalog, Holdings
from components.datasets import HoldingSnapshot, put_out_of_use, remove_pictures, snapshots_holding
from components.deidentify import IDENTIFYING_KINDS, Identities, open_identities
from components.errors import CatalogError, ServerError
from components.intake import PatientFile, Search, clear_crashed_runs, remove_files, remove_stored, stored_files
from components.promotion import LedgerKind
from components.relabeling import label_studio_token, pictures_folder, remove_tasks
from components.settings import Settings
from components.training import embeddings_holding, forget_rows
from flows._identity import record
from flows._modelling import registry
from flows.embedding import LABELS, embeddings_folder, heads_folder

_LOCKED_SIDE = "test"
_CARD = "report-card.html"


@dataclass(frozen=True, kw_only=True)
class Traces:
    """Everything that is kept of one patient; `models` are (version, aliases) that learnt from them."""

    patient: str
    withdrawn: bool
    held: Holdings
    entries: tuple[tuple[str, str, str], ...] = field(repr=False)
    stored: frozenset[str]
    refused: tuple[PatientFile, ...]
    waiting: tuple[PatientFile, ...]
    pictures: tuple[Path, ...]
    snapshots: tuple[HoldingSnapshot, ...]
    cards: tuple[Path, ...]
    models: tuple[tuple[str, str], ...]
    embedded: tuple[Path, ...] = ()
    tasks_left: tuple[int, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """What → how many, where there are any."""
        found = {
            **{name.replace("_", " "): count for name, count in self.held.rows.items()},
            "files in the store": len(self.stored),
            "files in quarantine": len(self.refused),
            "files waiting to be taken in": sum(file.alone for file in self.waiting),
            "pictures for readers": len(self.pictures),
            "files of embeddings and head labels that hold rows": len(self.embedded),
            "originals in the crosswalk": len(self.entries),
        }
        return {name: count for name, count in found.items() if count}

    @property
    def heads(self) -> tuple[str, ...]:
        """Findings whose heads were fitted on labels of the patient."""
        return tuple(sorted(file.parent.name for file in self.embedded if file.name == LABELS))

    @property
    def shared(self) -> int:
        """Files waiting to be taken in that hold other patients too."""
        return sum(not file.alone for file in self.waiting)


@dataclass(frozen=True, kw_only=True)
class Forgetting:
    """One patient's forgetting: `find` looks, `carry_out` does."""

    identities: Identities
    catalog: Catalog
    settings: Settings

    def find(self, patient: str, *, patient_id: str | None) -> Traces:
        """What is kept of the patient.

        Raises:
            CatalogError: a pseudonym alone was given, and nobody knows it.
            ServerError: the model registry does not answer, while a snapshot holds the patient.
        """
        held = self.catalog.holdings(patient)
        entries = tuple(self.identities.crosswalk.entries(patient))
        withdrawn = patient in self.catalog.withdrawn(self.settings.site)
        if patient_id is None and not (held.rows or entries or withdrawn):
            raise CatalogError(f"Patient {patient} is not known here: check the pseudonym, or give the Patient ID.")
        # Names and institutions, which are kept beside these, others' files hold too.
        identifiers = {original for kind, original, _ in entries if kind in IDENTIFYING_KINDS}
        identifiers |= {patient_id} if patient_id else set()
        refused, waiting = self._files(patient, identifiers)
        snapshots = snapshots_holding(patient, (self.settings.home.absolute() / "runs").glob("*/snapshot"))
        shown = pictures_folder(self.settings)
        return Traces(
            patient=patient,
            withdrawn=withdrawn,
            held=held,
            entries=entries,
            stored=frozenset(stored_files(self.settings.store, patient, held.files)),
            refused=refused,
            waiting=waiting,
            pictures=tuple(file for name in held.images for file in sorted(shown.glob(f"{name}.*"))),
            snapshots=tuple(snapshots),
            cards=tuple(_cards(snapshots)),
            models=self._models({snapshot.hash for snapshot in snapshots}),
            embedded=embeddings_holding(patient, self._embedded()),
        )

    def carry_out(self, traces: Traces, *, reason: str, snapshots: bool) -> Traces:
        """Removes all of it, and with `snapshots` the packed pictures too; what could not be reached comes back.

        Raises:
            StorageError: a file cannot be removed; run it again.
        """
        patient, settings, now = traces.patient, self.settings, datetime.now(UTC)
        self._record(traces, "begun", reason)
        self.catalog.withdraw(patient, site=settings.site, now=now)
        left = self._remove_tasks(traces)
        for picture in traces.pictures:
            picture.unlink(missing_ok=True)
        for card in traces.cards if snapshots else ():
            card.unlink(missing_ok=True)  # before the snapshot by which it is found
        for snapshot in traces.snapshots:
            put_out_of_use(snapshot, now)
            if snapshots:
                remove_pictures(snapshot)
        forget_rows(patient, traces.embedded)
        clear_crashed_runs(settings.quarantine, settings.store)
        remove_files(traces.refused, below=settings.quarantine)
        for place in (settings.inbox, settings.arriving):
            alone = [file for file in traces.waiting if file.alone and file.path.is_relative_to(place)]
            remove_files(alone, below=place)
        remove_stored(settings.store, patient, traces.stored)
        self.catalog.forget(patient)
        self.identities.crosswalk.remove(patient, traces.held.pseudonyms)
        done = replace(traces, tasks_left=left)
        self._record(done, "done", reason)
        return done

    def take_back(self, patient: str, *, reason: str) -> None:
        """Consent given again: what is sent of the patient from now on is taken in.

        Raises:
            CatalogError: the patient had not withdrawn.
        """
        if patient not in self.catalog.withdrawn(self.settings.site):
            raise CatalogError(f"Patient {patient} has not withdrawn consent here.")
        record(LedgerKind.CONSENT, {"patient": patient}, reason=reason, originals=(), settings=self.settings)
        self.catalog.readmit(patient)

    def _files(self, patient: str, identifiers: set[str]) -> tuple[tuple[PatientFile, ...], tuple[PatientFile, ...]]:
        """The patient's files in quarantine, and those that wait to be taken in."""
        settings = self.settings
        search = Search(
            patient=patient,
            pseudonymiser=self.identities.pseudonymiser,
            identifiers=identifiers,
            quarantine=settings.quarantine,
        )
        refused = tuple(search.files_in(settings.quarantine))
        return refused, (*search.files_in(settings.inbox), *search.files_in(settings.arriving))

    def _embedded(self) -> list[Path]:
        """The folders of embeddings, and those of the labels that heads were fitted on."""
        places = (embeddings_folder(self.settings), heads_folder(self.settings))
        return [folder for place in places for folder in sorted(place.glob("*"))]

    def _models(self, hashes: set[str]) -> tuple[tuple[str, str], ...]:
        """The model versions of these snapshots; where there can be none, no registry is asked, or made."""
        made_here = self.settings.tracking.removeprefix("sqlite:///")
        if not hashes or (made_here != self.settings.tracking and not Path(made_here).exists()):
            return ()
        models = [model for model in registry(self.settings).models() if model.tags.get("radloop.snapshot") in hashes]
        return tuple((model.version, ", ".join(alias.value for alias in model.aliases)) for model in models)

    def _remove_tasks(self, traces: Traces) -> tuple[int, ...]:
        """Numbers of the reading tasks that stay because the server does not answer."""
        if not traces.held.tasks:
            return ()
        try:
            remove_tasks(self.settings.label_studio, label_studio_token(self.settings), traces.held.tasks)
        except ServerError:
            return tuple(number for _, number in traces.held.tasks)
        return ()

    def _record(self, traces: Traces, state: str, reason: str) -> None:
        body: dict[str, Any] = {"patient": traces.patient, "state": state, "counts": traces.counts}
        body |= {"snapshots": [snapshot.hash for snapshot in traces.snapshots], "models": dict(traces.models)}
        if traces.tasks_left:
            body["tasks_left"] = list(traces.tasks_left)
        originals = {original for _, original, _ in traces.entries}
        record(LedgerKind.FORGETTING, body, reason=reason, originals=originals, settings=self.settings)


@contextmanager
def forgetting(settings: Settings, *, alone: bool) -> Iterator[Forgetting]:
    """A home's forgetting; `alone`: no ingest, rotation or other forgetting runs meanwhile."""
    with (
        open_identities(settings, alone=alone) as identities,
        Catalog.open(settings.catalog.get_secret_value()) as catalog,
    ):
        yield Forgetting(identities=identities, catalog=catalog, settings=settings)


def _cards(snapshots: list[HoldingSnapshot]) -> Iterator[Path]:
    """Report cards that may show a picture of the patient: of runs that judged a model on them."""
    for snapshot in snapshots:
        card = snapshot.folder.parent / _CARD
        if snapshot.side == _LOCKED_SIDE and card.exists():
            yield card
