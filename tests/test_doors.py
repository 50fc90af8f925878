"""Holds each room's door: what it exports is listed, exists, and is nothing but imports."""

import ast
import importlib
from pathlib import Path

import pytest

ROOMS = sorted(path.parent for path in (Path(__file__).parents[1] / "components").glob("*/__init__.py"))


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_a_door_holds_imports_and_its_sorted_list_alone(room: Path) -> None:
    tree = ast.parse((room / "__init__.py").read_text())
    docstring, *rest = tree.body
    assert isinstance(docstring, ast.Expr)
    assert all(isinstance(node, ast.Import | ast.ImportFrom | ast.Assign) for node in rest)
    module = importlib.import_module(f"components.{room.name}")
    assert all(hasattr(module, name) for name in module.__all__)
    imported = {alias.name for node in rest if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert imported == set(module.__all__)
