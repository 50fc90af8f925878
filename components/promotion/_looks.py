"""How often the locked patients may be looked at, and at which level each look tests.

A locked set is a site's test patients. It only grows, since a patient stays on one side for ever, so its size tells how
many joined after a look (patients who withdrew make that number smaller, never larger). Looks come in rounds: those of
one round share alpha. By Bonferroni's inequality, which holds however the looks depend on each other, all looks of a
round together let a model that is no better than its champion through with a chance of at most alpha / 2, the test
being two-sided. A new round begins when the last is spent and `fresh_share` of the patients are new, or when a named
person opens one; the chances of all rounds add up, and each verdict tells their sum.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from components.errors import GateError
from components.promotion._ledger import Ledger, LedgerEntry, LedgerKind
from components.settings import GateSettings


@dataclass(frozen=True, kw_only=True)
class Look:
    """One look at a site's locked patients.

    round, number: from 1; `looks` is how many the round grants.
    level: of this look's two-sided test.
    chance: at most this is the chance that this and all earlier looks let a model through that is no better.
    """

    site: str
    patients: int
    round: int
    number: int
    looks: int
    level: float
    chance: float

    def to_json(self) -> dict[str, Any]:
        """For the ledger."""
        return {
            "site": self.site,
            "patients": self.patients,
            "round": self.round,
            "look": self.number,
            "looks": self.looks,
            "level": self.level,
            "chance": self.chance,
        }


def next_look(entries: Iterable[LedgerEntry], *, site: str, patients: int, settings: GateSettings) -> Look:
    """The look that may be taken now; nothing is recorded.

    Args:
        entries: of the ledger.
        site: whose locked patients.
        patients: how many are locked now.
        settings: alpha, looks, fresh_share. Where they were changed within a round, the looks that are left share what
            is left of alpha.

    Raises:
        GateError: the looks are spent, saying what to do.
    """
    rounds = _rounds(entries, site)
    current = rounds[-1]
    left = settings.alpha - sum(float(look["level"]) for look in current)
    if len(current) >= settings.looks or left <= 0:
        first = int(current[0]["patients"])
        needed = math.ceil(first / (1 - settings.fresh_share))
        if patients < needed:
            raise GateError(
                f"The {len(current)} looks at the locked patients of {site} are spent: nothing is judged on them. "
                f"Ingest studies until {needed:,} patients are locked (now {patients:,}), or let a named person open a "
                "new round with `radloop ledger rotate`."
            )
        rounds.append([])
        current, left = rounds[-1], settings.alpha
    level = left / (settings.looks - len(current))
    return Look(
        site=site,
        patients=patients,
        round=len(rounds),
        number=len(current) + 1,
        looks=settings.looks,
        level=level,
        chance=(sum(float(look["level"]) for one in rounds for look in one) + level) / 2,
    )


def take_look(  # noqa: PLR0913  # what is looked at, and by which rules
    ledger: Ledger, *, site: str, patients: int, settings: GateSettings, facts: Mapping[str, Any], now: datetime
) -> Look:
    """`next_look`, in the ledger with the policy that it is judged by, before anybody looks.

    Args:
        facts: what is looked at: snapshot, models, data checks.
    """
    with ledger.alone():
        look = next_look(ledger.entries(), site=site, patients=patients, settings=settings)
        body = {**look.to_json(), **facts, "policy": settings.model_dump(mode="json")}
        ledger.append(LedgerKind.LOOK, body, now)
    return look


def _rounds(entries: Iterable[LedgerEntry], site: str) -> list[list[dict[str, Any]]]:
    """The looks at a site's locked patients, round by round; the last round may have none yet."""
    rounds: list[list[dict[str, Any]]] = [[]]
    for entry in entries:
        if entry.body.get("site") != site:
            continue
        if entry.kind is LedgerKind.LOOK and not entry.of_head:
            if int(entry.body["round"]) > len(rounds):
                rounds.append([])
            rounds[-1].append(dict(entry.body))
        elif entry.kind is LedgerKind.ROTATION and rounds[-1]:
            rounds.append([])
    return rounds
