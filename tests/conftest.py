"""Fixtures that tests of several rooms share."""

import os
from pathlib import Path

import pytest

from components.settings import go_offline

go_offline()


@pytest.hookimpl(tryfirst=True)  # xdist reads the marks in its own
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """For several processes: a file's tests stay together, as do all on the demo, which begin."""
    groups = {item: "demo" if "demo" in getattr(item, "fixturenames", ()) else str(item.path) for item in items}
    items.sort(key=lambda item: groups[item] != "demo")
    for item, group in groups.items():
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real radiographs, reports and scores; the test is skipped where it is missing."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("RADLOOP_SHARED_DATA", beside))
    if not (folder / "studies.csv").is_file():
        pytest.skip("needs the real data: set RADLOOP_SHARED_DATA or place them in ../shared/data")
    return folder
