"""The registry of heads for findings outside the 14: a registered model each, whose alias champion is in service."""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from components.errors import ModelError
from components.promotion._mlflow import open_client, server_errors
from components.promotion._registry import Alias
from components.promotion._runs import log_figures
from components.training import Head, head_hash

_HASH_TAG = "radloop.head_sha256"
_PLACE = "head"


class HeadRegistry:
    """One site's heads in MLflow: runs beside its models' in the experiment `radloop-SITE`, and the registered models
    `radloop-SITE-head-FINDING`.
    """

    def __init__(self, tracking_uri: str, *, site: str) -> None:
        """Opens it; the site's `Registry` must have been opened before, which makes what is missing.

        Raises:
            ServerError, StorageError: it cannot be opened.
        """
        self._uri, self._site = tracking_uri, site
        self._client = open_client(tracking_uri)

    def register(self, folder: Path, *, params: Mapping[str, object], metrics: Mapping[str, float]) -> str:
        """Makes the head in `folder` the next version of its finding's, and gives its number.

        Args:
            folder: of a saved head.
            params: what made it, as text in MLflow.
            metrics: its figures; undefined ones are left out.

        Raises:
            ModelError: the head is not whole.
        """
        from mlflow.entities import Param

        finding, digest = Head.load(folder).config.finding, head_hash(folder)
        name = self._name(finding)
        with server_errors():
            experiment = self._client.get_experiment_by_name(f"radloop-{self._site}")
            if experiment is None:
                raise ModelError("This site has no model yet: a head stands on one.")
            run = self._client.create_run(experiment.experiment_id, run_name=f"head {finding}")
            run_id = str(run.info.run_id)
            self._client.log_batch(run_id, params=[Param(key, str(value)) for key, value in params.items()])
            log_figures(self._client, run_id, [metrics], first_step=0)
            self._client.log_artifacts(run_id, str(folder), _PLACE)
            self._client.set_terminated(run_id)
            if not self._client.search_registered_models(f"name = '{name}'"):
                self._client.create_registered_model(name, description="Head for one finding on frozen backbones.")
            source = f"{self._client.get_run(run_id).info.artifact_uri}/{_PLACE}"
            made = self._client.create_model_version(name, source=source, run_id=run_id, tags={_HASH_TAG: digest})
        return str(made.version)

    def promote(self, finding: str, version: str) -> None:
        """Puts the version into service; the service follows within seconds."""
        with server_errors():
            self._client.set_registered_model_alias(self._name(finding), Alias.CHAMPION.value, version)

    def champions(self) -> dict[str, str]:
        """Finding → version in service."""
        prefix = self._name("")
        with server_errors():
            found = self._client.search_registered_models(f"name LIKE '{prefix}%'")
            return {
                model.name.removeprefix(prefix): str(model.aliases[Alias.CHAMPION.value])
                for model in found
                if Alias.CHAMPION.value in model.aliases
            }

    def fetch(self, finding: str, version: str, folder: Path) -> Path:
        """The head in `folder`/FINDING-VERSION, its files those that were registered; one there already is kept.

        Raises:
            ModelError: what came is not what was registered.
        """
        target = folder / f"{finding}-{version}"
        with server_errors():
            known = self._client.get_model_version(self._name(finding), version)
            if target.is_dir() and head_hash(target) == known.tags[_HASH_TAG]:
                return target
            shutil.rmtree(target, ignore_errors=True)
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as place:
                fetched = self._download(str(known.run_id), place)
                if head_hash(fetched) != known.tags[_HASH_TAG]:
                    raise ModelError(f"The head for {finding}, version {version}, was altered in the registry.")
                fetched.rename(target)
        return target

    def _download(self, run_id: str, place: str) -> Path:
        from mlflow.artifacts import download_artifacts

        return Path(download_artifacts(run_id=run_id, artifact_path=_PLACE, dst_path=place, tracking_uri=self._uri))

    def _name(self, finding: str) -> str:
        return f"radloop-{self._site}-head-{finding}"
