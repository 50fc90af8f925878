"""The crosswalk: encrypted, owner-only, appended safely, opened by its own key only, the same at any size."""

import multiprocessing
import resource
import stat
import time
from contextlib import closing

import pytest

from components.deidentify import Crosswalk
from components.errors import ConfigurationError

KEY = b"k" * 32


def group(number: int) -> list[tuple[str, str, str]]:
    """One patient with a study."""
    return [("patient", f"MRN-{number}", f"P{number}"), ("study", f"1.2.{number}", f"2.25.{number}")]


def test_originals_come_back_and_are_not_in_the_file(tmp_path):
    path = tmp_path / "secrets" / "crosswalk"
    with closing(Crosswalk(path, KEY)) as crosswalk:
        crosswalk.add_many([[("patient", "Müller 4711", "Pabc"), ("study", "1.2.3", "2.25.1")]])
        assert crosswalk.lookup("patient", "Pabc") == "Müller 4711"
        assert crosswalk.lookup("study", "Pabc") is None
        assert crosswalk.find("2.25.1") == ("study", "1.2.3")
        assert crosswalk.find("2.25.2") is None
        assert "4711" not in repr(crosswalk)
    assert b"4711" not in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["crosswalk"]


def test_adding_again_adds_nothing_in_this_run_or_the_next(tmp_path):
    for _ in range(2):
        with closing(Crosswalk(tmp_path / "crosswalk", KEY)) as crosswalk:
            for _ in range(2):
                crosswalk.add_many([group(1)])
            assert crosswalk.knows("patient", "P1")
            assert len(crosswalk) == 2


def add_some(path, start):
    with closing(Crosswalk(path, KEY)) as crosswalk:
        for number in range(start, start + 50):
            crosswalk.add_many([group(number)])


def test_writers_at_once_lose_nothing(tmp_path):
    path = tmp_path / "crosswalk"
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=add_some, args=(path, start)) for start in (0, 25, 50)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    with closing(Crosswalk(path, KEY)) as crosswalk:
        assert set(crosswalk.entries()) == {entry for number in range(100) for entry in group(number)}


def test_an_addition_that_fails_leaves_nothing_of_its_batch(tmp_path):
    with closing(Crosswalk(tmp_path / "crosswalk", KEY)) as crosswalk:
        with pytest.raises(AttributeError):
            crosswalk.add_many([group(1), [("patient", None, "P2")]])
        assert len(crosswalk) == 0
        crosswalk.add_many([group(1)])
        assert len(crosswalk) == 2


def test_a_patients_entries_go_together_and_their_bytes_too(tmp_path):
    path = tmp_path / "crosswalk"
    with closing(Crosswalk(path, KEY)) as crosswalk:
        crosswalk.add_many([[*group(1), ("name", "Quill", "V1")], group(2), [("study", "1.2.77", "2.25.77")]])
        assert crosswalk.remove("P1", ["2.25.77"]) == 4
        assert set(crosswalk.entries()) == set(group(2))
    content = path.read_bytes()
    assert not [gone for gone in (b"2.25.1", b"2.25.77", b"V1") if gone in content]


def test_another_key_or_an_altered_entry_is_refused(tmp_path):
    path = tmp_path / "crosswalk"
    with closing(Crosswalk(path, KEY)) as crosswalk:
        crosswalk.add_many([group(1)])
    with pytest.raises(ConfigurationError, match="another key"):
        Crosswalk(path, b"o" * 32)
    path.write_bytes(path.read_bytes().replace(b"2.25.1", b"2.25.9"))
    with closing(Crosswalk(path, KEY)) as altered, pytest.raises(ConfigurationError, match="altered"):
        altered.lookup("study", "2.25.9")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_may_read_is_refused(tmp_path, mode):
    path = tmp_path / "crosswalk"
    Crosswalk(path, KEY).close()
    path.chmod(mode)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        Crosswalk(path, KEY)


def test_a_file_of_something_else_is_refused(tmp_path):
    path = tmp_path / "crosswalk"
    path.write_text("patient Pabc c2VhbGVk\n" * 100)
    path.chmod(0o600)
    with pytest.raises(ConfigurationError, match="ingest the same sources again"):
        Crosswalk(path, KEY)


def test_a_large_one_opens_at_once_and_takes_no_memory(tmp_path):
    path = tmp_path / "crosswalk"
    with closing(Crosswalk(path, KEY)) as crosswalk:
        crosswalk.add_many(group(number) for number in range(50_000))
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    with closing(Crosswalk(path, KEY)) as crosswalk:
        assert crosswalk.find("P49999") == ("patient", "MRN-49999")
    assert time.perf_counter() - start < 0.5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 8 << 10
