"""Opening identities: in the ledger first, then done. The ledger holds who, why and pseudonyms, never an original."""

import os
import pwd
import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from components.catalog import Catalog
from components.deidentify import Rotation, deidentify_text, open_identities, rotate_key
from components.errors import CatalogError, ConfigurationError
from components.promotion import Ledger, LedgerKind
from components.settings import Settings

_PSEUDONYM = re.compile(r"P[0-9a-f]{16}|A[0-9a-f]{15}|T[0-9a-f]{16}|2\.25\.\d{1,39}")


def checked_pseudonym(text: str) -> str:
    """The text, when it has a pseudonym's form.

    Raises:
        ConfigurationError: it has not: it may be an identifier, and is not repeated anywhere.
    """
    if not _PSEUDONYM.fullmatch(text):
        raise ConfigurationError(
            "This is no pseudonym (P, A or T and hexadecimal digits, or a UID under 2.25). If it was an identifier, "
            "take it out of the shell's history."
        )
    return text


def reidentify(pseudonym: str, *, reason: str, settings: Settings) -> tuple[str, str]:
    """(kind, original) behind a pseudonym; the look is in the ledger before this returns.

    Raises:
        CatalogError: the crosswalk has none; that look is in the ledger too.
        LedgerError, StorageError: the look cannot be recorded, and there is no answer.
    """
    checked_pseudonym(pseudonym)
    with open_identities(settings) as identities:
        found = identities.crosswalk.find(pseudonym)
        body = {"pseudonym": pseudonym, "kind": found[0] if found else None, "found": found is not None}
        originals = found[1:] if found else ()
        record(LedgerKind.REIDENTIFICATION, body, reason=reason, originals=originals, settings=settings)
    if found is None:
        raise CatalogError(f"No original is kept for {pseudonym}: it is of another key or home, or was forgotten.")
    return found


def rotate(*, reason: str, settings: Settings) -> Rotation:
    """Puts a new key in the old one's place; all that the catalog or the crosswalk knows keeps its pseudonym.

    Raises:
        StorageError: another command uses identities, or a file cannot be written.
    """

    def begun(rotation: Rotation) -> None:
        facts = {"state": "begun", **_facts(rotation)}
        record(LedgerKind.KEY_ROTATION, facts, reason=reason, originals=(), settings=settings)

    with Catalog.open(settings.catalog.get_secret_value()) as catalog:
        rotation = rotate_key(settings, in_use=catalog.pseudonyms(), before=begun)
    done = {"state": "done", **_facts(rotation)}
    record(LedgerKind.KEY_ROTATION, done, reason=reason, originals=(), settings=settings)
    return rotation


def key_check(settings: Settings) -> dict[str, Any]:
    """What there is to know about the key without telling it; raises where key and crosswalk do not fit."""
    with open_identities(settings) as identities:
        return {
            "fingerprint": identities.fingerprint,
            "opens_crosswalk": True,
            "entries": len(identities.crosswalk),
            "rotations": len(identities.crosswalk.generations()),
        }


def record(
    kind: LedgerKind, body: Mapping[str, Any], *, reason: str, originals: Collection[str], settings: Settings
) -> None:
    """One entry of the ledger: what was done, by which user of this machine, and why.

    Args:
        originals: what the reason must not repeat; names that it gives with a title go as well.
    """
    why = deidentify_text(reason, names=(), identifiers=originals)
    Ledger(settings.ledger).append(kind, {**body, "by": _user(), "reason": why}, datetime.now(UTC))


def _user() -> str:
    """The system's name of who runs this, whatever the environment says; a container may know a number alone."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"user {os.getuid()}"


def _facts(rotation: Rotation) -> dict[str, Any]:
    return {"old": rotation.old, "new": rotation.new, "entries": rotation.entries, "kept": rotation.kept}
