"""The champion moves only on the ledger's proof, whole even if its process is killed at any point in between."""

import os
import shutil
import signal
from datetime import UTC, datetime

import pytest

from components.errors import GateError, ModelError
from components.promotion import (
    Alias,
    Approval,
    Clause,
    ClauseName,
    Ledger,
    LedgerKind,
    MoveState,
    Registry,
    Releases,
    Verdict,
)

NOW = datetime(2026, 1, 2, tzinfo=UTC)
YES = Approval(approver="Quality officer", words="seen and agreed")

# MLflow 3.17 on SQLAlchemy 2.1
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated")


class Hospital:
    """A registry and a ledger in one folder."""

    def __init__(self, folder):
        self.folder = folder
        self.registry = Registry(f"sqlite:///{folder / 'mlflow.db'}", artifacts=folder / "mlflow", site="local")
        self.ledger = Ledger(folder / "ledger.jsonl")
        self.releases = Releases(self.registry, self.ledger)

    def judge(self, version, *, passed=True, champion=None):
        clause = Clause(name=ClauseName.DATA_CHECKS, passed=passed, sentence="…", figures={})
        self.releases.record_verdict(version, Verdict(clauses=(clause,)), champion=champion, facts={}, now=NOW)

    def promote(self, version=None, *, approval=None, required=False):
        return self.releases.promote(version, approval=approval, approval_required=required, now=NOW)

    def states(self):
        kinds = (LedgerKind.PROMOTION, LedgerKind.ROLLBACK)
        return [entry.body["state"] for entry in self.ledger.entries() if entry.kind in kinds]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory, make_bundle):
    """Three versions: 1 is champion, 2 and 3 passed against it, 3 is challenger."""
    hospital = Hospital(tmp_path_factory.mktemp("hospital"))
    bundle = make_bundle()
    run = hospital.registry.log_training("test", params={}, epochs=[], tags={}, snapshot_hash="ab" * 32)
    for version in "123":
        assert hospital.registry.register(bundle, run) == version
        hospital.judge(version, champion=None if version == "1" else "1")
        if version == "1":
            hospital.promote()
    return hospital.folder


@pytest.fixture
def hospital(prepared, tmp_path):
    shutil.copytree(prepared, tmp_path / "home")
    return Hospital(tmp_path / "home")


def test_promotion_and_the_way_back_are_one_step_each(hospital):
    assert hospital.promote() == "3"
    assert hospital.registry.aliases() == {Alias.CHAMPION: "3", Alias.PREVIOUS: "1"}
    assert hospital.promote("3") == "3", "again changes nothing"
    assert hospital.releases.roll_back(now=NOW) == "1"
    assert hospital.registry.aliases() == {Alias.CHAMPION: "1", Alias.PREVIOUS: "3"}
    assert hospital.releases.roll_back(now=NOW) == "3"
    assert hospital.states() == ["begun", "done"] * 4
    assert hospital.releases.recover(NOW) is None


def test_what_the_ledger_does_not_prove_is_not_promoted(hospital):
    hospital.judge("3", passed=False, champion="1")
    with pytest.raises(GateError, match="did not let version 3 pass"):
        hospital.promote("3")
    with pytest.raises(ModelError, match="no challenger"):
        hospital.promote()
    with pytest.raises(ModelError, match="no model version 9"):
        hospital.promote("9")
    run = hospital.registry.model("1").run_id
    unjudged = hospital.registry.register(hospital.registry.fetch("1", hospital.folder / "fetched"), run)
    hospital.registry.tag(unjudged, {"radloop.verdict": "promote"})
    with pytest.raises(GateError, match="has not judged version 4"):
        hospital.promote(unjudged)
    assert hospital.promote("2") == "2"
    hospital.judge("3", champion="1")
    with pytest.raises(GateError, match="against version 1, and version 2 is champion now"):
        hospital.promote("3")


def test_without_approval_where_it_is_required_a_model_waits(hospital):
    with pytest.raises(GateError, match="radloop promote 3 --approver NAME --words TEXT"):
        hospital.promote(required=True)
    assert hospital.registry.champion_version() == "1"
    for name, words in (("", "fine"), ("Quality officer", " ")):
        with pytest.raises(GateError, match="needs a name and words"):
            Approval(approver=name, words=words)
    hospital.promote(required=True, approval=YES)
    approval, begun, done = hospital.ledger.entries()[-3:]
    assert (approval.kind, approval.at) == (LedgerKind.APPROVAL, NOW)
    assert approval.body == {"version": "3", "approver": "Quality officer", "words": "seen and agreed"}
    assert (begun.body["state"], done.body["state"], done.body["begun"]) == ("begun", "done", begun.index)


def test_a_withdrawn_version_never_serves_again(hospital):
    hospital.promote("3")
    assert hospital.releases.roll_back(now=NOW, withdraw="misses devices") == "1"
    with pytest.raises(ModelError, match="no previous champion"):
        hospital.releases.roll_back(now=NOW)
    with pytest.raises(GateError, match="Version 3 was withdrawn"):
        hospital.promote("3")
    assert hospital.promote("2") == "2"


def killed_after(hospital_folder, effects, move):
    """Runs `move` in a process of its own that is killed by SIGKILL after so many changes of ledger and registry."""
    child = os.fork()
    if child == 0:
        left = effects

        def counted(method):
            def call(*args, **kwargs):
                nonlocal left
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                left -= 1
                return method(*args, **kwargs)

            return call

        Ledger.append = counted(Ledger.append)
        Registry._set, Registry._unset = counted(Registry._set), counted(Registry._unset)
        try:
            move(Hospital(hospital_folder))
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGKILL


@pytest.mark.parametrize("effects", range(6))
def test_a_promotion_killed_at_any_point_is_completed_at_the_next_start(prepared, tmp_path, effects):
    """Approval, intent, previous, champion, challenger, done: six changes, killed before each of them."""
    shutil.copytree(prepared, tmp_path / "home")
    killed_after(tmp_path / "home", effects, lambda hospital: hospital.promote("3", approval=YES))
    hospital = Hospital(tmp_path / "home")
    told = hospital.releases.recover(NOW)
    if effects < 2:
        assert told is None
        assert hospital.registry.aliases() == {Alias.CHAMPION: "1", Alias.CHALLENGER: "3"}
    else:
        assert told == "the promotion of version 3, broken off, was completed"
        assert hospital.registry.aliases() == {Alias.CHAMPION: "3", Alias.PREVIOUS: "1"}
        assert hospital.ledger.entries()[-1].body["recovered"] is True
    assert hospital.releases.recover(NOW) is None
    assert MoveState.BEGUN not in hospital.states()[1::2]
    assert hospital.promote("3") == "3"


@pytest.mark.parametrize("effects", range(1, 4))
def test_a_rollback_killed_at_any_point_is_completed(prepared, tmp_path, effects):
    shutil.copytree(prepared, tmp_path / "home")
    Hospital(tmp_path / "home").promote("3")
    killed_after(tmp_path / "home", effects, lambda hospital: hospital.releases.roll_back(now=NOW))
    hospital = Hospital(tmp_path / "home")
    assert hospital.releases.recover(NOW) == "the rollback of version 1, broken off, was completed"
    assert hospital.registry.aliases() == {Alias.CHAMPION: "1", Alias.PREVIOUS: "3"}
    assert hospital.ledger.verify() == len(hospital.ledger.entries())


def test_a_killed_promotion_of_a_version_that_is_gone_is_undone(prepared, tmp_path):
    from mlflow import MlflowClient

    shutil.copytree(prepared, tmp_path / "home")
    killed_after(tmp_path / "home", 3, lambda hospital: hospital.promote("3", approval=YES))
    hospital = Hospital(tmp_path / "home")
    MlflowClient(f"sqlite:///{tmp_path / 'home' / 'mlflow.db'}").delete_model_version("radloop-local", "3")
    told = hospital.releases.recover(NOW)
    assert told == "the promotion of version 3, broken off, was undone: the registry has it no more"
    assert hospital.registry.aliases() == {Alias.CHAMPION: "1"}
    assert hospital.states()[-1] == MoveState.UNDONE
