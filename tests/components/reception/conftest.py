"""pynetdicom's clients leave their sockets to the garbage collector, which would complain in some later test."""

import gc
from collections.abc import Iterator

import pytest

_UNCLOSED = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/reception/" in str(item.path):
            item.add_marker(_UNCLOSED)


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    yield
    gc.collect()
