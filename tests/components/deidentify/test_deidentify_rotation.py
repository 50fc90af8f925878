"""A rotated key: whoever was known stays who they are, strangers get the new key's pseudonyms, the old key is done.

The kill tests end a child at every file operation of a rotation and look at what the next command finds.
"""

import os
import pickle
import sys
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.deidentify import Crosswalk, Pseudonymiser, open_identities, rotate_key
from components.deidentify._pseudonyms import Generation
from components.errors import ConfigurationError, StorageError
from components.settings import Settings, load_settings

texts = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=30)
KINDS = ("patient", "accession", "report", "version", "person", "uid")


def everything(names: Pseudonymiser, original: str) -> list[object]:
    """Each pseudonym that an original can get, and its shift as a patient."""
    return [*(getattr(names, kind)(original) for kind in KINDS), names.shift_days(names.patient(original))]


@pytest.fixture
def settings(tmp_path) -> Settings:
    """A home that knows two patients."""
    found = load_settings(tmp_path / "home")
    with open_identities(found) as identities:
        identities.crosswalk.add_many([entries(identities.pseudonymiser, original) for original in ("MRN-1", "MRN-2")])
    return found


def entries(names: Pseudonymiser, original: str) -> list[tuple[str, str, str]]:
    return [
        ("patient", original, names.patient(original)),
        ("study", original, names.uid(original)),
        ("accession", original, names.accession(original)),
        ("report", original, names.report(original)),
        ("version", original, names.version(original)),
    ]


def seen(settings: Settings, original: str) -> list[object]:
    with open_identities(settings) as identities:
        return everything(identities.pseudonymiser, original)


def rotated(settings: Settings, in_use=()):
    return rotate_key(settings, in_use=in_use, before=lambda rotation: None)


@given(st.sets(texts, max_size=8), st.sets(texts, max_size=8), st.integers(1, 3650))
def test_the_known_keep_everything_and_strangers_get_what_the_new_key_gives(known, others, most):
    strangers = others - known
    old, new = b"o" * 32, b"n" * 32
    before = Pseudonymiser(old, max_shift_days=most)
    given_before = {original: everything(before, original) for original in known}
    in_use = [pseudonym for found in given_before.values() for pseudonym in found[:-1]]
    after = Pseudonymiser(new, max_shift_days=most, earlier=[Generation.of(old, in_use)])
    fresh = Pseudonymiser(new, max_shift_days=most)
    assert {original: everything(after, original) for original in known} == given_before
    folded = {" ".join(original.split()).casefold() for original in known}
    for original in strangers:
        kinds = [kind for kind in KINDS if kind != "person" or " ".join(original.split()).casefold() not in folded]
        assert [getattr(after, kind)(original) for kind in kinds] == [getattr(fresh, kind)(original) for kind in kinds]


@given(st.lists(texts, unique=True, min_size=3, max_size=3))
def test_after_two_rotations_each_keeps_what_its_own_key_gave(originals):
    keys = [bytes([number]) * 32 for number in range(3)]
    earlier: list[Generation] = []
    given_then = {}
    for key, original in zip(keys, originals, strict=True):
        names = Pseudonymiser(key, max_shift_days=99, earlier=earlier)
        given_then[original] = (names.patient(original), names.shift_days(names.patient(original)))
        earlier.append(Generation.of(key, [given_then[original][0]]))
    last = pickle.loads(pickle.dumps(names))  # noqa: S301  as a worker gets it
    for original, (pseudonym, days) in given_then.items():
        assert (last.patient(original), last.shift_days(pseudonym)) == (pseudonym, days)


def test_a_rotation_keeps_the_known_and_the_old_key_opens_nothing(settings):
    old_key, key_file = settings.pseudonym_key.read_bytes(), settings.pseudonym_key
    before = seen(settings, "MRN-1"), seen(settings, "MRN-2"), seen(settings, "MRN-3")
    in_catalog = [before[2][0]]  # a patient whom only the catalog knows
    done = rotated(settings, in_catalog)
    assert done.entries == 10
    assert done.old != done.new
    for number in (0, 1):
        found = seen(settings, f"MRN-{number + 1}")
        assert (found[:4], found[5:]) == (before[number][:4], before[number][5:])
        assert found[4] != before[number][4], "a reader nobody recorded is a stranger"
    assert seen(settings, "MRN-3")[0] == before[2][0]
    assert seen(settings, "MRN-3")[1] != before[2][1]
    with open_identities(settings) as identities:
        assert identities.fingerprint == done.new
        assert identities.crosswalk.find(str(before[0][0])) == ("patient", "MRN-1")
    for file in settings.home.rglob("*"):
        assert not file.is_file() or old_key.strip() not in file.read_bytes()
    key_file.write_bytes(old_key)
    with pytest.raises(ConfigurationError, match="another key"), open_identities(settings):
        pass


def test_two_rotations_in_a_row_keep_both_generations(settings):
    first = seen(settings, "MRN-1")
    rotated(settings)
    with open_identities(settings) as identities:
        identities.crosswalk.add_many([entries(identities.pseudonymiser, "MRN-9")])
    second = seen(settings, "MRN-9")
    rotated(settings)
    assert seen(settings, "MRN-1")[:4] == first[:4]
    assert seen(settings, "MRN-9")[:4] == second[:4]
    assert (seen(settings, "MRN-1")[-1], seen(settings, "MRN-9")[-1]) == (first[-1], second[-1])
    with open_identities(settings) as identities:
        first_generation, second_generation = identities.crosswalk.generations()
        assert not set(first_generation.marks) & set(second_generation.marks)


def test_who_uses_identities_keeps_a_rotation_away_and_a_refused_audit_too(settings):
    key = settings.pseudonym_key.read_bytes()
    with open_identities(settings), pytest.raises(StorageError, match="uses identities"):
        rotated(settings)

    def refuse(_: object) -> None:
        raise StorageError("The ledger cannot be written.")

    with pytest.raises(StorageError, match="ledger"):
        rotate_key(settings, in_use=(), before=refuse)
    assert settings.pseudonym_key.read_bytes() == key
    assert not list(settings.home.rglob("*.next")) + list(settings.home.rglob("*.unfinished"))


def test_a_lost_key_is_not_replaced_by_a_new_one(settings):
    settings.pseudonym_key.unlink()
    with pytest.raises(ConfigurationError, match="restore it from its copy"), open_identities(settings):
        pass
    assert not settings.pseudonym_key.exists()


_FILE_EVENTS = frozenset({"open", "os.rename", "os.remove", "os.link", "sqlite3.connect", "sqlite3.connect/handle"})


def killed_at(step: int, settings: Settings) -> bool:
    """Rotates in a child that dies, without a last word, before its file operation number `step`; whether it died."""
    child = os.fork()
    if not child:
        count = 0

        def hook(event: str, _: object) -> None:
            nonlocal count
            if event in _FILE_EVENTS:
                count += 1
                if count == step:
                    os._exit(9)

        sys.addaudithook(hook)
        rotated(settings)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def test_killed_at_any_file_operation_the_next_command_finds_one_whole_state(settings):
    before = seen(settings, "MRN-1")
    fingerprints = set()
    step = 1
    while killed_at(step, settings):
        assert seen(settings, "MRN-1")[:4] == before[:4]
        with open_identities(settings) as identities:
            fingerprints.add(identities.fingerprint)
            assert len(identities.crosswalk) == 10
            assert identities.crosswalk.find(str(before[0])) == ("patient", "MRN-1")
        left = {file.name for file in settings.home.rglob("*") if file.is_file()}
        assert left == {"pseudonym.key", "crosswalk", "crosswalk.lock"}
        step += 1
    assert step > 10, "the hook saw the rotation's file operations"
    assert len(fingerprints) > 1, "some kills came before the key was replaced and some after"


def test_killed_while_a_crosswalk_is_written_the_old_one_holds(settings):
    """A journal that a killed writer left beside an unfinished crosswalk goes with it."""
    unfinished = settings.crosswalk.with_name("crosswalk.unfinished")
    with closing(Crosswalk(unfinished, b"x" * 32)):
        unfinished.with_name("crosswalk.unfinished-journal").write_bytes(b"")
    with open_identities(settings) as identities:
        assert len(identities.crosswalk) == 10
    assert not list(settings.home.glob("crosswalk.unfinished*"))
