"""Holds the error tree: one root, bounded messages."""

from components import errors


def test_every_error_descends_from_the_root_and_is_in_the_drawn_tree() -> None:
    from components.errors import _errors

    for name in errors.__all__:
        assert issubclass(getattr(errors, name), errors.RadloopError)
        assert name in (_errors.__doc__ or "")


def test_a_message_stays_bounded_however_long_its_cause() -> None:
    assert len(str(errors.StorageError("x" * 10_000))) <= 300
