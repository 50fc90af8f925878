"""The champion is followed: a good one replaces the old in one step, a bad one leaves it and is told."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from components.errors import ServerError
from components.serving import Follower

MakeBundle = Callable[..., Path]
NOW = datetime(2024, 3, 1, tzinfo=UTC)


class Shelf:
    """A registry by hand: bundles by version, and which one is champion."""

    def __init__(self, **bundles: Path) -> None:
        self.bundles = {name.removeprefix("v"): folder for name, folder in bundles.items()}
        self.champion: str | None = None
        self.fetched: list[str] = []
        self.down = False

    def champion_version(self) -> str | None:
        if self.down:
            raise ServerError("The registry does not answer.")
        return self.champion

    def fetch(self, which: str, folder: Path) -> Path:
        self.fetched.append(which)
        return Path(shutil.copytree(self.bundles[which], folder / which, dirs_exist_ok=True))


@pytest.fixture(scope="module")
def bundles(make_bundle: MakeBundle) -> dict[str, Path]:
    return {f"v{seed}": make_bundle(seed) for seed in (1, 2)}


@pytest.fixture
def shelf(bundles: dict[str, Path], make_bundle: MakeBundle) -> Shelf:
    return Shelf(**bundles)


@pytest.fixture
def follower(shelf: Shelf, tmp_path: Path) -> Follower:
    return Follower(lambda: shelf, tmp_path / "models", poll_s=1, clock=lambda: NOW)


def test_without_a_champion_there_is_no_model_and_it_says_what_to_do(follower: Follower) -> None:
    assert not follower.settled
    follower.look()
    assert follower.settled
    assert follower.bundle is None
    assert "radloop" in (follower.state.problem or "")


def test_the_champion_is_taken_and_the_next_one_replaces_it(follower: Follower, shelf: Shelf, tmp_path: Path) -> None:
    shelf.champion = "1"
    follower.look()
    first = follower.bundle
    follower.look()
    assert first is not None
    assert follower.bundle is first
    assert (follower.state.model_version, follower.state.since, follower.state.problem) == ("1", NOW, None)
    shelf.champion = "2"
    follower.look()
    assert follower.bundle is not first
    assert first.version == "1"  # whoever holds the old one goes on with it unchanged
    assert follower.state.model_version == "2"
    assert shelf.fetched == ["1", "2"]


def test_a_champion_that_fails_its_check_leaves_the_old_one_in_service(
    follower: Follower, shelf: Shelf, bundles: dict[str, Path], make_bundle: MakeBundle
) -> None:
    shelf.champion = "1"
    follower.look()
    wrong = make_bundle(3)
    shutil.copyfile(bundles["v2"] / "weights.safetensors", wrong / "weights.safetensors")
    shelf.bundles["3"], shelf.champion = wrong, "3"
    for _ in range(3):
        follower.look()
        assert follower.state.model_version == "1"
        assert "Version 3 failed its check, version 1 stays in service" in (follower.state.problem or "")
    assert shelf.fetched == ["1", "3"]
    shelf.champion = "2"
    follower.look()
    assert (follower.state.model_version, follower.state.problem) == ("2", None)


def test_a_registry_that_does_not_answer_leaves_the_model_in_service(follower: Follower, shelf: Shelf) -> None:
    shelf.champion = "1"
    follower.look()
    shelf.down = True
    follower.look()
    assert (follower.state.model_version, follower.state.problem) == ("1", "The registry does not answer.")
    shelf.down = False
    follower.look()
    assert follower.state.problem is None


def test_what_an_engine_throws_is_told_without_its_text(tmp_path: Path) -> None:
    def broken() -> Shelf:
        raise RuntimeError("/home/somebody/secret")

    follower = Follower(broken, tmp_path, poll_s=1)
    follower.look()
    assert follower.state.problem == "The registry cannot be read (RuntimeError)."


def test_only_the_model_in_service_and_the_one_before_stay_on_disk(
    follower: Follower, shelf: Shelf, tmp_path: Path, make_bundle: MakeBundle
) -> None:
    shelf.bundles["3"] = make_bundle(3)
    for version in ("1", "2", "3"):
        shelf.champion = version
        follower.look()
    assert {folder.name for folder in (tmp_path / "models").iterdir()} == {"2", "3"}
