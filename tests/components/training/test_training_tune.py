"""Holds: a search tries what its space allows, goes on where it was interrupted, and its fragment can be pasted."""

import math
import tomllib
from pathlib import Path
from typing import Any

import pytest
import ray_runs
from blob_snapshot import write_blobs
from pydantic import ValidationError

from components.cluster import ray_session
from components.errors import TrainingError
from components.settings import Measure, Optimizer, Schedule, Settings, TuneSettings
from components.training import TuneEpoch, TuneResult, TuneTrial, tune
from components.training._space import Values, draw

_SPACE = TuneSettings(trials=4, grace=1, reduction=2, learning_rate=(1e-4, 1e-2), batch_size=(8, 16))
_PRESENT = Values.of(ray_runs.MODEL, ray_runs.SETTINGS)


def _search(blobs: Path, folder: Path, **others: Any) -> TuneResult:
    settings = ray_runs.SETTINGS.model_copy(update={"epochs": 3, "checkpoint_s": 300})
    facts = {"settings": settings, "space": _SPACE, "on_epoch": None} | others
    return tune(blobs, model=ray_runs.MODEL, base=None, folder=folder, seed=0, **facts)


def test_values_are_drawn_from_the_space_and_repeat_themselves() -> None:
    space = _SPACE.model_copy(update={"trials": 200, "optimizer": (Optimizer.ADAMW,)})
    first, *drawn = draw(space, _PRESENT, seed=1)
    assert first == _PRESENT
    assert all(1e-4 <= values.learning_rate <= 1e-2 and 0.2 <= values.dropout <= 0.8 for values in drawn)
    assert sum(values.learning_rate < 1e-3 for values in drawn) == pytest.approx(100, abs=30), "log-uniform"
    assert {values.batch_size for values in drawn} == {8, 16}
    assert {values.optimizer for values in drawn} == {Optimizer.ADAMW}
    assert {values.schedule for values in drawn} == set(Schedule)
    assert draw(space.model_copy(update={"trials": 4}), _PRESENT, seed=1) == (first, *drawn[:3])
    assert draw(space, _PRESENT, seed=2)[1:] != tuple(drawn)


@pytest.mark.parametrize(
    "wrong", [{"learning_rate": (0, 1)}, {"learning_rate": (1, 0.1)}, {"dropout": (0, 1)}, {"batch_size": ()}]
)
def test_a_space_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TuneSettings(**wrong)


def test_the_best_is_by_the_measure_and_its_fragment_is_settings() -> None:
    drawn = draw(_SPACE, _PRESENT, seed=0)
    went = [[(0.5, 0.9)], [(0.4, 0.7), (0.3, math.nan)], [], [(0.3, 0.8)]]
    trials = tuple(
        TuneTrial(
            number=number,
            values=values,
            epochs=tuple(TuneEpoch(epoch=at, loss=loss, auc=auc) for at, (loss, auc) in enumerate(epochs, start=1)),
            failure=None if epochs else "OutOfMemoryError",
        )
        for number, (values, epochs) in enumerate(zip(drawn, went, strict=True))
    )
    by_loss, by_auc = (TuneResult(measure=measure, trials=trials) for measure in Measure)
    assert (by_loss.best.number, by_auc.best.number) == (1, 0)
    pasted = Settings(**tomllib.loads(by_loss.fragment))
    assert Values.of(ray_runs.MODEL.model_copy(update={"dropout": pasted.model.dropout}), pasted.training) == drawn[1]
    rows = by_auc.to_json()["trials"]
    assert rows[2]["validation_loss"] is None and rows[2]["failure"] == "OutOfMemoryError"
    assert rows[1]["validation_auc"] == 0.7


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*is deprecated")  # Ray Tune copies settings that Ray Data calls old
def test_an_interrupted_search_ends_as_an_undisturbed_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blobs = write_blobs(tmp_path / "snapshot", images=60).folder
    told: list[tuple[int, int]] = []

    def interrupt_once(number: int, epoch: TuneEpoch) -> None:
        told.append((number, epoch.epoch))
        if told == [(0, 1), (0, 2), (0, 3), (1, 1)]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _search(blobs, tmp_path / "search", on_epoch=interrupt_once)
    with ray_session():
        huge = ray_runs.SETTINGS.model_copy(update={"threads": 4096})
        with pytest.raises(TrainingError, match="room for 0"):
            _search(blobs, tmp_path / "huge", settings=huge)
        resumed = _search(blobs, tmp_path / "search", on_epoch=interrupt_once)
        undisturbed = _search(blobs, tmp_path / "undisturbed")
    assert resumed == undisturbed
    assert len(resumed.trials[0].epochs) == 3
    assert any(len(trial.epochs) < 3 for trial in resumed.trials), "a worse one was stopped early"
    assert _search(blobs, tmp_path / "search") == resumed, "a finished search is not run again"
    assert capsys.readouterr().out == "", "standard output is the command's own"
