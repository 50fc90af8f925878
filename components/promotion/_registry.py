"""The registry: each training a run, each candidate a version, and the alias that says which one serves."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.errors import ModelError
from components.promotion._bundle import BundleRecord, bundle_hash, read_bundle
from components.promotion._fetched import place_bundle
from components.promotion._mlflow import open_client, server_errors
from components.promotion._runs import log_bundle, log_figures, log_run
from components.promotion._verdict import Verdict

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

_HASH_TAG = "radloop.bundle_sha256"
_LEDGER_TAG = "radloop.ledger"
_SHORT = 36  # characters that MLflow keeps of a dataset's digest
_LONGEST_TAG = 4900
_KIND = {"mlflow.experimentKind": "custom_model_development"}  # else the UI shows it as an AI agent's


class Alias(StrEnum):
    """What a version is to its site."""

    CHAMPION = "champion"
    CHALLENGER = "challenger"
    PREVIOUS = "previous"


@dataclass(frozen=True, kw_only=True)
class RegisteredModel:
    """One version as the registry knows it."""

    version: str
    run_id: str
    created: datetime
    aliases: tuple[Alias, ...]
    tags: Mapping[str, str]


class Registry:
    """One site's models in MLflow: the experiment `radloop-SITE` and the registered model of the same name."""

    def __init__(self, tracking_uri: str, *, artifacts: Path | None, site: str) -> None:
        """Opens it, making database, experiment and registered model where they are missing.

        Args:
            tracking_uri: `sqlite:///…`, a PostgreSQL URL, or a server's address.
            artifacts: folder of runs' and models' files; None where the server keeps them.
            site: name of the hospital.

        Raises:
            ServerError, StorageError: it cannot be opened.
        """
        self._uri, self._name = tracking_uri, f"radloop-{site}"
        self._client = open_client(tracking_uri)
        with server_errors():
            self._experiment = self._experiment_id(artifacts)
            self._make_registered_model()

    def log_training(
        self,
        run_name: str,
        *,
        params: Mapping[str, object],
        epochs: Sequence[Mapping[str, float]],
        tags: Mapping[str, str],
        snapshot_hash: str,
    ) -> str:
        """Records one finished training and gives its run's id.

        Args:
            run_name: readable, without identifiers.
            params: settings, as text in MLflow.
            epochs: figures of each epoch, first epoch first; undefined ones are left out.
            tags: such as the base model's version and the code's version.
            snapshot_hash: shown as the run's dataset.
        """
        with server_errors():
            return log_run(
                self._client,
                self._experiment,
                run_name=run_name,
                params=params,
                epochs=epochs,
                tags=tags,
                snapshot_hash=snapshot_hash,
            )

    def log_metrics(self, run_id: str, metrics: Mapping[str, float]) -> None:
        """Adds figures to a run, such as each label's AUC; undefined ones are left out."""
        with server_errors():
            log_figures(self._client, run_id, [metrics], first_step=0)

    def register(self, bundle: Path, run_id: str) -> str:
        """Makes the bundle the site's next version, alias `challenger`, and gives its number.

        Raises:
            ModelError: the bundle is not whole.
        """
        record, digest = read_bundle(bundle), bundle_hash(bundle)
        import mlflow

        with server_errors():
            model_id = log_bundle(
                self._client, self._experiment, name=self._name, bundle=bundle, record=record, run_id=run_id
            )
            mlflow.set_tracking_uri(self._uri)  # the store resolves models:/… by the process-wide address only
            made = self._client.create_model_version(
                self._name,
                source=f"models:/{model_id}",
                run_id=run_id,
                model_id=model_id,
                tags={_HASH_TAG: digest, **_lineage(record)},
            )
            self._client.set_registered_model_alias(self._name, Alias.CHALLENGER.value, made.version)
        return str(made.version)

    def record_verdict(self, version: str, verdict: Verdict, *, ledger_hash: str) -> None:
        """Writes decision, reason and the ledger entry's hash beside the version; a refused one is challenger no more.

        Args:
            version: of this site.
            verdict: the gate's.
            ledger_hash: of the verdict's entry: finds a ledger that was cut short.
        """
        judged = {"radloop.verdict": verdict.decision.value, "radloop.reason": verdict.sentence}
        self.tag(version, judged | {_LEDGER_TAG: ledger_hash})
        if not verdict.promoted and self.version_of(Alias.CHALLENGER) == version:
            self._unset(Alias.CHALLENGER)

    def tag(self, version: str, tags: Mapping[str, str]) -> None:
        """Writes tags beside a version."""
        self._known(version)
        with server_errors():
            for name, value in tags.items():
                self._client.set_model_version_tag(self._name, version, name, value[:_LONGEST_TAG])

    def attach(self, version: str, file: Path, folder: str) -> str:
        """Adds a file to the version's run under `folder`, tags the version with it, and gives its address there."""
        run_id = str(self._known(version).run_id)
        with server_errors():
            self._client.log_artifact(run_id, str(file), folder)
            address = f"{self._client.get_run(run_id).info.artifact_uri}/{folder}/{file.name}"
        self.tag(version, {f"radloop.{folder}": f"runs:/{run_id}/{folder}/{file.name}"})
        return address

    def parameters(self, version: str) -> dict[str, str]:
        """The settings that the version was trained with, as `log_training` was told them."""
        run_id = str(self._known(version).run_id)
        with server_errors():
            return dict(self._client.get_run(run_id).data.params)

    def attachment(self, version: str, folder: str) -> bytes | None:
        """The content of the file last attached to the version under `folder`, or None."""
        address = self._known(version).tags.get(f"radloop.{folder}")
        if address is None:
            return None
        from mlflow.artifacts import download_artifacts

        with server_errors(), tempfile.TemporaryDirectory() as place:
            file = download_artifacts(artifact_uri=address, dst_path=place, tracking_uri=self._uri)
            return Path(file).read_bytes()

    def point(self, aliases: Mapping[Alias, str | None]) -> None:
        """Lets aliases name versions, or none; the same again changes nothing. Only `Releases` decides which.

        `previous` goes first, so that a crash in between leaves a champion in place.

        Raises:
            ModelError: no such version.
        """
        for version in {version for version in aliases.values() if version is not None}:
            self._known(version)
        for alias in (Alias.PREVIOUS, Alias.CHAMPION, Alias.CHALLENGER):
            if alias not in aliases:
                continue
            if (target := aliases[alias]) is None:
                self._unset(alias)
            else:
                self._set(alias, target)

    def aliases(self) -> dict[Alias, str]:
        """The versions that aliases name now."""
        with server_errors():
            found = self._client.get_registered_model(self._name).aliases
        return {alias: str(found[alias.value]) for alias in Alias if alias.value in found}

    def champion_version(self) -> str | None:
        """The version in service, or None before the first promotion."""
        return self.version_of(Alias.CHAMPION)

    def version_of(self, alias: Alias) -> str | None:
        """The version an alias points to, or None."""
        return self.aliases().get(alias)

    def models(self) -> tuple[RegisteredModel, ...]:
        """The site's versions, newest first."""
        with server_errors():
            found = self._client.search_model_versions(f"name = '{self._name}'")
            aliases = self._client.get_registered_model(self._name).aliases
        return tuple(
            sorted((_registered(model, aliases) for model in found), key=lambda model: -int(model.version))
        )  # fmt: skip

    def ledger_hashes(self) -> set[str]:
        """Of the verdicts on the site's versions: entries that the ledger must hold."""
        return {model.tags[_LEDGER_TAG] for model in self.models() if _LEDGER_TAG in model.tags}

    def model(self, version: str) -> RegisteredModel:
        """One version; ModelError where the site has none of that number."""
        with server_errors():
            aliases = self._client.get_registered_model(self._name).aliases
        return _registered(self._known(version), aliases)

    def fetch(self, which: Alias | str, folder: Path) -> Path:
        """The bundle of a version or alias, in `folder`/VERSION, verified; one that lies there already is kept.

        Raises:
            ModelError: no such version, or its files are not those that were registered.
        """
        version = which if which not in set(Alias) else self.version_of(Alias(which))
        if version is None:
            raise ModelError(f"This site has no {which} yet.")
        wanted = self._known(version).tags.get(_HASH_TAG, "")
        with server_errors():
            return place_bundle(partial(self._download, version), wanted=wanted, target=folder / version)

    def _download(self, version: str, into: Path) -> Path:
        from mlflow.artifacts import download_artifacts

        source = self._client.get_model_version_download_uri(self._name, version)
        return Path(download_artifacts(artifact_uri=source, dst_path=str(into), tracking_uri=self._uri))

    def _experiment_id(self, artifacts: Path | None) -> str:
        found = self._client.get_experiment_by_name(self._name)
        if found is not None:
            return str(found.experiment_id)
        place = None if artifacts is None else (artifacts.absolute() / self._name).as_uri()
        return str(self._client.create_experiment(self._name, artifact_location=place, tags=_KIND))

    def _make_registered_model(self) -> None:
        if not self._client.search_registered_models(f"name = '{self._name}'"):
            self._client.create_registered_model(
                self._name, description="Chest radiograph models of one site; the alias champion serves."
            )

    def _known(self, version: str) -> "ModelVersion":
        from mlflow.exceptions import MlflowException

        with server_errors():
            try:
                return self._client.get_model_version(self._name, version)
            except MlflowException as error:
                if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                    raise
        raise ModelError(f"This site has no model version {version[:_SHORT]}.")

    def _set(self, alias: Alias, version: str) -> None:
        with server_errors():
            self._client.set_registered_model_alias(self._name, alias.value, version)

    def _unset(self, alias: Alias) -> None:
        with server_errors():
            self._client.delete_registered_model_alias(self._name, alias.value)


def _lineage(record: BundleRecord) -> dict[str, str]:
    """What a served probability is traced back by."""
    return {
        "radloop.snapshot": record.snapshot_hash,
        "radloop.base_version": record.base_version or "none",
        "radloop.code": record.code_version,
        "radloop.labeler": record.labeler_version,
        "radloop.preprocessing": record.preprocessing.version,
    }


def _registered(model: Any, aliases: Mapping[str, str]) -> RegisteredModel:
    return RegisteredModel(
        version=str(model.version),
        run_id=str(model.run_id),
        created=datetime.fromtimestamp(model.creation_timestamp / 1000, UTC),
        aliases=tuple(alias for alias in Alias if str(aliases.get(alias.value)) == str(model.version)),
        tags=dict(model.tags),
    )
