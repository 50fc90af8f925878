"""What is not as it was for the champion, for the report card: data, versions, settings."""

from collections.abc import Iterator, Mapping

from components.evaluation import CardDifference
from components.promotion import Registry
from components.quality import SnapshotProfile

_SHORT = 12  # characters of a hash
_NONE = "–"
_TRIAL = "trial."
_SNAPSHOT = "radloop.snapshot"
_VERSIONS = {
    _SNAPSHOT: "snapshot",
    "radloop.base_version": "fine-tuned from model",
    "radloop.code": "radloop",
    "radloop.labeler": "labeller",
    "radloop.preprocessing": "preprocessing",
}


def differences(shelf: Registry, *, champion: str, candidate: str) -> tuple[CardDifference, ...]:
    """What differs between two versions: the data first, then what made them, then their settings."""
    profiles = [_sizes(shelf.attachment(version, "profile")) for version in (champion, candidate)]
    tags = [_versions(shelf.model(version).tags) for version in (champion, candidate)]
    settings = [_settings(shelf.parameters(version)) for version in (champion, candidate)]
    return tuple(change for old, new in (profiles, tags, settings) for change in _changes(old, new))


def _sizes(profile: bytes | None) -> dict[str, str]:
    if profile is None:
        return {}
    found = SnapshotProfile.model_validate_json(profile)
    return {"site": found.site, "patients": f"{found.patients:,}", "studies": f"{found.studies:,}"}


def _versions(tags: Mapping[str, str]) -> dict[str, str]:
    shown = {**tags, _SNAPSHOT: tags.get(_SNAPSHOT, _NONE)[:_SHORT]}
    return {name: shown[tag] for tag, name in _VERSIONS.items() if tag in shown}


def _settings(parameters: Mapping[str, str]) -> dict[str, str]:
    """Without the figures of the trials, which are kept beside the settings and have a table of their own."""
    return {name: value for name, value in parameters.items() if not name.startswith(_TRIAL)}


def _changes(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[CardDifference]:
    for name in dict.fromkeys((*old, *new)):
        before, now = old.get(name, _NONE), new.get(name, _NONE)
        if before != now:
            yield CardDifference(name=name, champion=before, candidate=now)
