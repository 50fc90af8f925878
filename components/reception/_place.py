"""What every way of receiving shares: the folders, the journal, and the key of their names."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from components.deidentify import load_or_create_key
from components.reception._arrivals import Arrivals
from components.reception._journal import Journal
from components.reception._tokens import Tokens
from components.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where received files go, and what is remembered of them."""

    arrivals: Arrivals
    journal: Journal
    tokens: Tokens


@contextmanager
def open_place(settings: Settings) -> Iterator[Place]:
    """The home's place for what is received.

    Its key is one of its own, HOME/secrets/reception.key: the pseudonym key may be rotated, and what was received
    is remembered all the same.

    Raises:
        ConfigurationError, StorageError: the key, the folders or the journal cannot be used.
    """
    tokens = Tokens(load_or_create_key(settings.secrets / "reception.key"))
    with (
        Arrivals(settings.arriving, settings.inbox) as arrivals,
        closing(Journal(settings.home / "reception.db")) as journal,
    ):
        yield Place(arrivals=arrivals, journal=journal, tokens=tokens)
