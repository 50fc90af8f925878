"""One demo for all tests of the loop, run as a person runs it, cut off all networks where that can be done."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
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


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> FinishedDemo:
    home = tmp_path_factory.mktemp("demo") / "home"
    prefix = isolating_prefix()
    command = [*(prefix or []), program("radloop"), "demo", "--json", "--home", str(home)]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("RADLOOP_", "PREFECT_"))}
    done = subprocess.run(command, capture_output=True, text=True, timeout=1500, check=False, env=clean)
    assert done.returncode == 0, done.stderr[-3000:]
    return FinishedDemo(home, json.loads(done.stdout), done.stderr, isolated=prefix is not None)
