"""The crosswalk: encrypted, owner-only, appended safely, opened by its own key only."""

import stat

import pytest

from components.deidentify import Crosswalk
from components.errors import ConfigurationError

KEY = b"k" * 32


def test_originals_come_back_and_are_not_in_the_file(tmp_path):
    path = tmp_path / "secrets" / "crosswalk"
    crosswalk = Crosswalk(path, KEY)
    crosswalk.add("patient", "Müller 4711", "Pabc")
    crosswalk.add("study", "1.2.3", "2.25.1")
    assert crosswalk.lookup("patient", "Pabc") == "Müller 4711"
    assert crosswalk.lookup("study", "Pabc") is None
    assert "4711" not in path.read_text()
    assert "4711" not in repr(crosswalk)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    crosswalk.close()


def test_adding_again_adds_nothing_in_this_run_or_the_next(tmp_path):
    path = tmp_path / "crosswalk"
    for _ in range(2):
        crosswalk = Crosswalk(path, KEY)
        for _ in range(2):
            crosswalk.add("patient", "4711", "Pabc")
        assert crosswalk.knows("patient", "Pabc")
        crosswalk.close()
    assert len(path.read_text().splitlines()) == 2, "the proof of the key, and one entry"


def test_a_line_cut_short_by_a_crash_is_written_again(tmp_path):
    path = tmp_path / "crosswalk"
    crosswalk = Crosswalk(path, KEY)
    crosswalk.add("patient", "1", "P1")
    crosswalk.add("patient", "2", "P2")
    crosswalk.close()
    path.write_bytes(path.read_bytes()[:-20])
    again = Crosswalk(path, KEY)
    assert again.lookup("patient", "P2") is None
    again.add("patient", "2", "P2")
    assert again.lookup("patient", "P2") == "2"
    assert again.lookup("patient", "P1") == "1"
    again.close()


def test_two_writers_at_once_lose_nothing(tmp_path):
    path = tmp_path / "crosswalk"
    one, two = Crosswalk(path, KEY), Crosswalk(path, KEY)
    for number in range(20):
        one.add("patient", str(number), f"P{number}")
        two.add("patient", str(number + 10), f"P{number + 10}")
    third = Crosswalk(path, KEY)
    assert all(third.lookup("patient", f"P{number}") == str(number) for number in range(30))
    for crosswalk in (one, two, third):
        crosswalk.close()


def test_another_key_or_an_altered_line_is_refused(tmp_path):
    path = tmp_path / "crosswalk"
    crosswalk = Crosswalk(path, KEY)
    crosswalk.add("patient", "4711", "Pabc")
    crosswalk.close()
    with pytest.raises(ConfigurationError, match="another key"):
        Crosswalk(path, b"o" * 32)
    path.write_text(path.read_text().replace("patient Pabc", "patient Pxyz"))
    altered = Crosswalk(path, KEY)
    with pytest.raises(ConfigurationError, match="altered"):
        altered.lookup("patient", "Pxyz")
    altered.close()
