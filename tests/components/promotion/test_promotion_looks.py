"""Looks at the locked patients are counted, share alpha, end, and begin anew when the patients or a person allow it."""

from datetime import UTC, datetime

import numpy as np
import pytest

from components.errors import GateError
from components.promotion import Ledger, LedgerKind, next_look
from components.settings import GateSettings

NOW = datetime(2026, 1, 2, tzinfo=UTC)
FOUR = GateSettings(looks=4)


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger.jsonl")


def take(ledger, patients=100, site="local", settings=FOUR):
    look = next_look(ledger.entries(), site=site, patients=patients, settings=settings)
    ledger.append(LedgerKind.LOOK, look.to_json(), NOW)
    return look


def test_each_look_has_its_share_of_alpha_and_then_they_are_spent(ledger):
    looks = [take(ledger) for _ in range(4)]
    assert [look.number for look in looks] == [1, 2, 3, 4]
    assert [look.level for look in looks] == pytest.approx([0.0125] * 4)
    assert [look.chance for look in looks] == pytest.approx([0.00625, 0.0125, 0.01875, 0.025])
    with pytest.raises(GateError, match=r"4 looks .* local are spent.*until 200 patients are locked \(now 199\)"):
        take(ledger, patients=199)
    assert len(ledger.entries()) == 4, "nobody looked"


def test_each_site_has_looks_of_its_own(ledger):
    for _ in range(4):
        take(ledger, site="published")
    assert take(ledger).number == 1


def test_new_patients_open_a_round_and_the_chances_of_all_rounds_are_told(ledger):
    for _ in range(4):
        take(ledger)
    look = take(ledger, patients=200)
    assert (look.round, look.number) == (2, 1)
    assert look.chance == pytest.approx(0.025 + 0.00625)
    for _ in range(3):
        take(ledger, patients=200)
    with pytest.raises(GateError, match="until 400 patients"):
        take(ledger, patients=399)


def test_patients_who_joined_before_the_looks_were_spent_do_not_reset_them(ledger):
    take(ledger)
    assert take(ledger, patients=1000).number == 2


def test_a_named_person_opens_a_round_once(ledger):
    take(ledger)
    for _ in range(2):
        ledger.append(LedgerKind.ROTATION, {"site": "local", "approver": "Quality officer", "words": "agreed"}, NOW)
    ledger.append(LedgerKind.ROTATION, {"site": "published", "approver": "Quality officer", "words": "agreed"}, NOW)
    look = take(ledger)
    assert (look.round, look.number) == (2, 1)
    assert take(ledger).number == 2


def test_a_changed_setting_shares_what_is_left_of_alpha(ledger):
    levels = [take(ledger).level, take(ledger).level]
    many = GateSettings(looks=50)
    levels += [take(ledger, settings=many).level for _ in range(48)]
    assert sum(levels) == pytest.approx(0.05)
    with pytest.raises(GateError, match="50 looks"):
        take(ledger, settings=many)


def test_where_alpha_was_lowered_below_what_is_spent_nobody_looks(ledger):
    for _ in range(2):
        take(ledger)
    with pytest.raises(GateError, match="2 looks"):
        take(ledger, settings=GateSettings(looks=4, alpha=0.02))


def test_a_thousand_equal_candidates_in_a_row_get_one_through_in_at_most_alpha_half_of_all_hospitals(ledger):
    """Equal candidates on the same patients: their z values share the champion's and the patients' chance.

    Drawn are the z of the test itself, so that thousands of hospitals can be counted; benchmarks/gate.py does it with
    the whole gate.
    """
    hospitals, tried = 4000, 1000
    settings = GateSettings()
    levels = []
    with pytest.raises(GateError, match="spent"):
        levels.extend(take(ledger, settings=settings).level for _ in range(tried))
    levels = [entry.body["level"] for entry in ledger.entries()]
    assert len(levels) == settings.looks
    from scipy.stats import norm

    random = np.random.default_rng(0)
    shared = random.normal(size=(hospitals, 1))
    z = np.sqrt(0.5) * shared + np.sqrt(0.5) * random.normal(size=(hospitals, len(levels)))
    let_through = (z > norm.isf(np.array(levels) / 2)).any(axis=1).mean()
    assert 0 < let_through <= 0.025
