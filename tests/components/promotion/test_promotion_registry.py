"""The registry on a real MLflow with SQLite: versions, aliases, fetching, and silence."""

import pytest

from components.errors import ModelError, ServerError
from components.promotion import Alias, Clause, ClauseName, Registry, Verdict, bundle_hash, check_bundle

HASH = "ab" * 32

# MLflow 3.17 on SQLAlchemy 2.1
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("registry with a space")


@pytest.fixture(scope="module")
def database(folder):
    """MLflow's tables take seconds to make, so the tests share them and take a site each."""
    return f"sqlite:///{folder / 'mlflow.db'}"


@pytest.fixture
def registry(database, folder, request):
    return Registry(database, artifacts=folder / "artifacts", site=request.node.name)


def trained(registry):
    epochs = [{"train_loss": 0.7, "validation_auc": float("nan")}, {"train_loss": 0.5, "validation_auc": 0.8}]
    return registry.log_training(
        "local 2026-01", params={"epochs": 2}, epochs=epochs, tags={"code": "test"}, snapshot_hash=HASH
    )


def registered(registry, bundle):
    return registry.register(bundle, trained(registry))


@pytest.fixture(scope="module")
def bundle(make_bundle):
    return make_bundle()


def test_a_fresh_site_has_no_champion(registry, tmp_path):
    assert registry.champion_version() is None
    assert registry.models() == ()
    with pytest.raises(ModelError, match="no champion yet"):
        registry.fetch(Alias.CHAMPION, tmp_path)
    for version in ("7", "; drop"):
        with pytest.raises(ModelError, match="no model version"):
            registry.point({Alias.CHAMPION: version})


def test_aliases_point_where_they_are_told(registry, bundle):
    first, second = (registered(registry, bundle) for _ in range(2))
    assert registry.aliases() == {Alias.CHALLENGER: second}
    for _ in range(2):
        registry.point({Alias.CHAMPION: second, Alias.PREVIOUS: first, Alias.CHALLENGER: None})
        assert registry.aliases() == {Alias.CHAMPION: second, Alias.PREVIOUS: first}
    assert [(model.version, model.aliases) for model in registry.models()] == [
        ("2", (Alias.CHAMPION,)),
        ("1", (Alias.PREVIOUS,)),
    ]


def test_what_is_fetched_is_what_was_registered(registry, bundle, tmp_path):
    registry.point({Alias.CHAMPION: registered(registry, bundle)})
    fetched = registry.fetch(Alias.CHAMPION, tmp_path)
    assert fetched == tmp_path / "1"
    assert bundle_hash(fetched) == bundle_hash(bundle)
    check_bundle(fetched)
    assert {path.name for path in fetched.iterdir()} == {path.name for path in bundle.iterdir()}
    before = (fetched / "weights.safetensors").stat().st_mtime_ns
    assert registry.fetch("1", tmp_path) == fetched
    assert (fetched / "weights.safetensors").stat().st_mtime_ns == before
    (fetched / "bundle.json").write_text("{}")
    assert bundle_hash(registry.fetch("1", tmp_path)) == bundle_hash(bundle)


def test_an_altered_artifact_is_refused(registry, bundle, tmp_path, folder):
    version = registered(registry, bundle)
    site = folder / "artifacts" / "radloop-test_an_altered_artifact_is_refused"
    [stored] = site.rglob("weights.safetensors")
    stored.write_bytes(stored.read_bytes()[:-1] + b"\x01")
    with pytest.raises(ModelError, match="altered"):
        registry.fetch(version, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_run_dataset_signature_and_lineage_are_in_mlflow(registry, bundle, database):
    from mlflow import MlflowClient

    version = registered(registry, bundle)
    model = registry.model(version)
    assert model.tags["radloop.snapshot"] == HASH
    assert model.tags["radloop.labeler"] == "7"
    client = MlflowClient(tracking_uri=database)
    run = client.get_run(model.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.metrics == {"train_loss": 0.5, "validation_auc": 0.8}
    assert [point.step for point in client.get_metric_history(model.run_id, "train_loss")] == [1, 2]
    assert run.inputs.dataset_inputs[0].dataset.digest == HASH[:36]
    logged = client.search_logged_models([run.info.experiment_id])[0]
    assert (logged.status, logged.source_run_id) == ("READY", model.run_id)
    names = {file.path for file in client.list_logged_model_artifacts(logged.model_id)}
    assert names == {"MLmodel", "bundle.json", "config.json", "selfcheck.json", "weights.safetensors"}
    registry.log_metrics(model.run_id, {"mean_auc": 0.8, "undefined": float("nan")})
    assert "undefined" not in client.get_run(model.run_id).data.metrics


def test_the_verdict_and_the_report_card_stand_beside_the_version(registry, bundle, tmp_path):
    version = registered(registry, bundle)
    clause = Clause(name=ClauseName.DATA_CHECKS, passed=False, sentence="A critical data check failed.", figures={})
    registry.record_verdict(version, Verdict(clauses=(clause,)), ledger_hash="cd" * 32)
    page = tmp_path / "report-card.html"
    page.write_text("<p>card</p>")
    address = registry.attach(version, page, "report_card")
    assert address.endswith("report_card/report-card.html")
    tags = registry.model(version).tags
    assert (tags["radloop.verdict"], tags["radloop.reason"]) == ("refuse", "A critical data check failed.")
    assert registry.ledger_hashes() == {"cd" * 32}
    assert tags["radloop.report_card"].startswith("runs:/")
    assert registry.attachment(version, "report_card") == b"<p>card</p>"
    assert registry.attachment(version, "another") is None
    assert registry.version_of(Alias.CHALLENGER) is None


def test_a_file_that_is_no_database_is_refused_at_once(tmp_path):
    (tmp_path / "mlflow.db").write_text("this is not a database, whatever its name says" * 50)
    with pytest.raises(ServerError, match="SQLite"):
        Registry(f"sqlite:///{tmp_path / 'mlflow.db'}", artifacts=tmp_path, site="local")


def test_a_server_that_is_not_there_is_one_sentence():
    with pytest.raises(ServerError, match="MLflow registry") as refused:
        Registry("http://127.0.0.1:9", artifacts=None, site="local")
    assert "127.0.0.1" not in str(refused.value)


def test_opening_a_fresh_registry_writes_nothing_to_the_terminal(tmp_path, capfd):
    Registry(f"sqlite:///{tmp_path / 'mlflow.db'}", artifacts=tmp_path, site="local").champion_version()
    assert capfd.readouterr() == ("", "")
