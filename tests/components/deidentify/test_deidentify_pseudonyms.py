"""Pseudonyms and their key: stable, different for different people, telling nothing; owner-only on disk."""

import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.uid import UID

from components.deidentify import Pseudonymiser, load_or_create_key
from components.errors import ConfigurationError

KEY, OTHER = b"k" * 32, b"o" * 32
texts = st.text(min_size=1, max_size=40).filter(lambda text: text.strip() == text and "\0" not in text)


@given(texts, texts)
def test_same_person_same_pseudonym_other_person_another(one, two):
    first, again = (Pseudonymiser(KEY, max_shift_days=365) for _ in range(2))
    assert first.patient(one) == again.patient(one)
    assert (first.patient(one) == first.patient(two)) == (one == two)
    assert first.patient(one) != Pseudonymiser(OTHER, max_shift_days=365).patient(one)


@given(texts)
def test_pseudonyms_have_their_form_and_hold_no_original(text):
    names = Pseudonymiser(KEY, max_shift_days=365)
    assert len(names.patient(text)) == 17
    assert len(names.accession(text)) == 16, "fits the value representation SH"
    assert UID(names.uid(text)).is_valid
    if len(text) > 4:
        assert text not in names.patient(text)


@given(texts, st.integers(1, 3650))
def test_the_shift_lies_within_its_bounds(text, most):
    names = Pseudonymiser(KEY, max_shift_days=most)
    assert 1 <= names.shift_days(names.patient(text)) <= most


def test_kinds_part_equal_numbers_and_staff_is_known_in_any_case():
    names = Pseudonymiser(KEY, max_shift_days=365)
    assert names.person("Jane  Smith") == names.person("JANE SMITH")
    assert names.accession("7") != names.report("7") != names.patient("7")


def test_the_key_is_made_once_and_readable_by_its_owner_only(tmp_path):
    path = tmp_path / "secrets" / "pseudonym.key"
    key = load_or_create_key(path)
    assert len(key) == 32
    assert load_or_create_key(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [file.name for file in path.parent.iterdir()] == ["pseudonym.key"]


@pytest.mark.parametrize("content", ["", "not hexadecimal", "00ff"])
def test_a_file_that_holds_no_key_is_refused(tmp_path, content):
    path = tmp_path / "key"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(ConfigurationError):
        load_or_create_key(path)


def test_a_key_open_to_others_is_refused(tmp_path):
    path = tmp_path / "key"
    load_or_create_key(path)
    path.chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        load_or_create_key(path)
