"""Which studies of an archive are wanted."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, kw_only=True)
class StudyQuery:
    """Studies of these days (both included), with an image of one of these modalities, described by one of these words.

    No modality or no descriptor: all.
    """

    first: date
    last: date
    modalities: tuple[str, ...]
    descriptors: tuple[str, ...]

    def days(self) -> Iterator[date]:
        """Each day: archives bound the answers to one query, and a day's studies stay below."""
        for number in range((self.last - self.first).days + 1):
            yield self.first + timedelta(days=number)

    def describes(self, description: str) -> bool:
        """Whether one of the descriptors stands in a Study Description, in any case, as words of their own.

        Done here, not by the archive: whether a wildcard matches case varies, and `*normal*` would match "abnormal".
        """
        text = " ".join(re.split(r"[\W_]+", description.casefold()))
        return not self.descriptors or any(_pattern(words).search(text) for words in self.descriptors)


@dataclass(frozen=True, kw_only=True)
class FoundInstance:
    """One instance in the archive, by its UIDs; they lead to a patient and are not shown."""

    series: str
    uid: str

    def __repr__(self) -> str:
        return "FoundInstance(…)"


@dataclass(frozen=True, kw_only=True)
class FoundStudy:
    """One study in the archive, by its UID; it leads to a patient and is not shown."""

    uid: str
    instances: tuple[FoundInstance, ...]

    def __repr__(self) -> str:
        return f"FoundStudy(…, {len(self.instances)} instances)"


def _pattern(words: str) -> re.Pattern[str]:
    """The words, the last one also in the plural."""
    plain = " ".join(re.split(r"[\W_]+", words.casefold().strip()))
    stem = re.escape(plain.removesuffix("y")) + "(?:y|ies)" if plain.endswith("y") else re.escape(plain) + "(?:s|es)?"
    return re.compile(rf"\b{stem}\b")
