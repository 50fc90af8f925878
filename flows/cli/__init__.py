"""The command line."""

from flows.cli._main import main

__all__ = ["main"]
