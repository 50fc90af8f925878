"""One training as MLflow shows it: its run with curves and dataset, and its bundle as a logged model."""

import math
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from components.promotion._bundle import BundleRecord

if TYPE_CHECKING:
    from mlflow import MlflowClient

_DIGEST = 36  # characters that MLflow keeps of a dataset's digest


def log_run(  # noqa: PLR0913  what a run records
    client: "MlflowClient",
    experiment: str,
    *,
    run_name: str,
    params: Mapping[str, object],
    epochs: Sequence[Mapping[str, float]],
    tags: Mapping[str, str],
    snapshot_hash: str,
) -> str:
    """Writes a finished run and gives its id."""
    from mlflow.entities import Dataset, DatasetInput, InputTag, Param

    run = client.create_run(experiment, run_name=run_name, tags={**tags, "radloop.snapshot": snapshot_hash})
    run_id = str(run.info.run_id)
    snapshot = Dataset(name="snapshot", digest=snapshot_hash[:_DIGEST], source_type="radloop", source="{}")
    use = InputTag(key="mlflow.data.context", value="training")
    client.log_inputs(run_id, datasets=[DatasetInput(snapshot, tags=[use])])
    client.log_batch(run_id, params=[Param(name, str(value)) for name, value in params.items()])
    log_figures(client, run_id, epochs, first_step=1)
    client.set_terminated(run_id)
    return run_id


def log_figures(client: "MlflowClient", run_id: str, steps: Sequence[Mapping[str, float]], *, first_step: int) -> None:
    """Adds figures to a run, one mapping a step; undefined ones are left out."""
    from mlflow.entities import Metric

    now = int(datetime.now(UTC).timestamp() * 1000)  # MLflow stamps its runs by the same clock
    client.log_batch(
        run_id,
        metrics=[
            Metric(name, float(value), now, step)
            for step, figures in enumerate(steps, start=first_step)
            for name, value in figures.items()
            if math.isfinite(value)
        ],
    )


def log_bundle(  # noqa: PLR0913  what a logged model records
    client: "MlflowClient", experiment: str, *, name: str, bundle: Path, record: BundleRecord, run_id: str
) -> str:
    """Uploads the bundle as a logged model of the run and gives the model's id."""
    from mlflow.entities import LoggedModelOutput

    model = client.create_logged_model(
        experiment, name=name, source_run_id=run_id, model_type="chest radiograph classifier"
    )
    client.log_model_artifacts(model.model_id, str(bundle))
    client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=0)])
    _log_description(client, model.model_id, run_id, record)
    client.finalize_logged_model(model.model_id, "READY")
    return str(model.model_id)


def _log_description(client: "MlflowClient", model_id: str, run_id: str, record: BundleRecord) -> None:
    """MLflow's own MLmodel file, with the signature and without a loader: weights are data, never code."""
    import numpy as np
    from mlflow.models import Model, ModelSignature
    from mlflow.types import Schema, TensorSpec

    size = record.preprocessing.size
    signature = ModelSignature(
        inputs=Schema([TensorSpec(np.dtype("uint8"), (-1, size, size), "images")]),
        outputs=Schema([TensorSpec(np.dtype("float32"), (-1, len(record.findings)), "probabilities")]),
    )
    model = Model(run_id=run_id, model_id=model_id, signature=signature)
    model.add_flavor("radloop", weights="weights.safetensors", bundle_format=record.format)
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "MLmodel"
        model.save(str(file))
        client.log_model_artifact(model_id, str(file))
