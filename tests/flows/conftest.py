"""One demo for all tests of the loop, run as a person runs it, cut off all networks where that can be done."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from components.settings import Settings, load_settings
from flows._stack import program
from tests.loopback import isolating_prefix


@dataclass(frozen=True)
class FinishedDemo:
    """What the demo left: its home, the JSON it printed, what people read, and whether it was cut off the world."""

    home: Path
    found: dict[str, Any]
    told: str
    isolated: bool

    @property
    def settings(self) -> Settings:
        return load_settings(self.home)

    def copied_to(self, home: Path) -> Path:
        """A home of its own for a test that changes it, without what the servers keep."""
        left = shutil.ignore_patterns("hospital", "prefect", "logs", "run", "label-studio")
        return shutil.copytree(self.home, home, ignore=left)


def run_radloop(
    *command: str, home: Path, timeout: float = 300, prefix: Sequence[str] = (), **settings: str
) -> CompletedProcess[str]:
    """One command in that home, under these RADLOOP_… settings and no others.

    After so many seconds it is interrupted, as by a person: killed, it would leave its servers running.
    """
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("RADLOOP_", "PREFECT_"))}
    env = clean | {f"RADLOOP_{name}": value for name, value in settings.items()}
    words = [*prefix, program("radloop"), *command, "--home", str(home)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) as running:
        try:
            told, warned = running.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            running.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                running.communicate(timeout=60)
            running.kill()
            raise
    return CompletedProcess(words, running.returncode, told, warned)


def radloop_json(*command: str, home: Path, timeout: float = 300, **settings: str) -> dict[str, Any]:
    """What a command that must not fail prints for `--json`."""
    done = run_radloop(*command, "--json", home=home, timeout=timeout, **settings)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> FinishedDemo:
    home = tmp_path_factory.mktemp("demo") / "home"
    prefix = isolating_prefix()
    done = run_radloop("demo", "--json", home=home, timeout=1500, prefix=prefix or ())
    assert done.returncode == 0, done.stderr[-3000:]
    return FinishedDemo(home, json.loads(done.stdout), done.stderr, isolated=prefix is not None)
