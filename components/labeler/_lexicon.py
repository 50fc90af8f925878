"""The vocabulary files, read once, as a tree of words that finds the longest known phrase."""

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from itertools import product
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from components.errors import ConfigurationError
from components.findings import Assertion, Finding

_FILES = ("findings.toml", "devices.toml", "anatomy.toml", "cues.toml", "abnormalities.toml")
_SHORTEST_PLURAL = 3


class Role(StrEnum):
    """What a phrase does in a sentence; vocabulary/cues.toml says each in words."""

    MENTION = "mention"
    ANATOMY = "anatomy"
    STATE = "state"
    ABNORMALITY = "abnormality"
    TRAP = "trap"
    DENIES = "denies"
    UNDOES = "undoes"
    DENIED = "denied"
    ELSEWHERE = "elsewhere"
    HEDGES = "hedges"
    HEDGED = "hedged"
    OMITS = "omits"
    ADVISES = "advises"
    OMITTED = "omitted"
    FORMER = "former"
    EITHER = "either"
    VERSUS = "versus"
    TURN = "turn"
    VERB = "verb"
    WITH = "with"
    AND = "and"
    AT = "at"
    STEADY = "steady"
    MEASURE = "measure"
    PLACE = "place"
    INNOCENT = "innocent"
    OTHER = "other"
    CALCIFIED = "calcified"
    NEUTRAL = "neutral"
    COMMA = "comma"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one phrase of the vocabulary means."""

    role: Role
    name: str = ""
    findings: tuple[Finding, ...] = ()
    assertion: Assertion = Assertion.PRESENT
    lasting: bool = False
    diagnosis: bool = False
    explains: bool = False
    at_pleura: Finding | None = None
    settles: Mapping[str, tuple[tuple[Finding, Assertion], ...]] = field(default_factory=lambda: MappingProxyType({}))
    abnormal: bool = False


@dataclass(frozen=True, slots=True)
class Example:
    """One sentence of the vocabulary files and what it must give."""

    file: str
    sentence: str
    finding: Finding
    assertion: Assertion


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    phrases: list[str] = Field(min_length=1)
    examples: list[str] = Field(min_length=1)


class _MentionGroup(_Group):
    findings: list[Finding] = Field(min_length=1)
    certainty: Assertion = Assertion.PRESENT
    lasting: bool = False
    diagnosis: bool = False
    explains: bool = False
    at_pleura: Finding | None = None

    def entry(self) -> Entry:
        return Entry(
            role=Role.MENTION,
            findings=tuple(self.findings),
            assertion=self.certainty,
            lasting=self.lasting,
            diagnosis=self.diagnosis,
            explains=self.explains,
            at_pleura=self.at_pleura,
        )


class _AnatomyGroup(_Group):
    name: str
    absent: dict[str, list[Finding]] = {}
    present: dict[str, list[Finding]] = {}
    uncertain: dict[str, list[Finding]] = {}

    def entry(self) -> Entry:
        settles: dict[str, tuple[tuple[Finding, Assertion], ...]] = {}
        for assertion, states in (
            (Assertion.ABSENT, self.absent),
            (Assertion.PRESENT, self.present),
            (Assertion.UNCERTAIN, self.uncertain),
        ):
            for state, findings in states.items():
                settles[state] = tuple((finding, assertion) for finding in findings)
        return Entry(role=Role.ANATOMY, name=self.name, settles=MappingProxyType(settles))


class _StateGroup(_Group):
    name: str

    def entry(self) -> Entry:
        return Entry(role=Role.STATE, name=self.name)


class _TrapGroup(_Group):
    def entry(self) -> Entry:
        return Entry(role=Role.TRAP)


class _CueGroup(_Group):
    role: Role
    name: str = ""

    def entry(self) -> Entry:
        return Entry(role=self.role, name=self.name)


class _AbnormalityGroup(_Group):
    def entry(self) -> Entry:
        return Entry(role=Role.ABNORMALITY, abnormal=True)


class _VocabularyFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    mention: list[_MentionGroup] = []
    trap: list[_TrapGroup] = []
    anatomy: list[_AnatomyGroup] = []
    state: list[_StateGroup] = []
    cue: list[_CueGroup] = []
    abnormality: list[_AbnormalityGroup] = []

    def groups(
        self,
    ) -> Iterator[_MentionGroup | _TrapGroup | _AnatomyGroup | _StateGroup | _CueGroup | _AbnormalityGroup]:
        for kind in (self.mention, self.trap, self.anatomy, self.state, self.cue, self.abnormality):
            yield from kind


class Node:
    """One word of the tree: what may follow it, and the entry of the phrase that ends here."""

    __slots__ = ("entry", "following")

    def __init__(self) -> None:
        self.following: dict[str, Node] = {}
        self.entry: Entry | None = None


@dataclass(frozen=True)
class Lexicon:
    """The whole vocabulary: its tree, its spelling table, its examples, and the hash of its files."""

    root: Node
    spelling: Mapping[str, str]
    examples: tuple[Example, ...]
    digest: str


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """The vocabulary in this package."""
    folder = files(__package__) / "vocabulary"
    return read_vocabulary({name: (folder / name).read_text(encoding="utf-8") for name in ("words.toml", *_FILES)})


def read_vocabulary(texts: Mapping[str, str]) -> Lexicon:
    """The vocabulary in files given by name and text; ConfigurationError names the file and entry that is wrong."""
    words = _parse("words.toml", texts.get("words.toml", ""))
    spelling = {written: word for table in words.values() for written, word in table.items()}
    phrases: dict[tuple[str, ...], tuple[Entry, str]] = {(",",): (Entry(role=Role.COMMA), "words.toml")}
    examples: list[Example] = []
    for name in [name for name in _FILES if name in texts]:
        for group in _validated(name, texts[name]).groups():
            _add(phrases, group.entry(), group.phrases, name)
            examples += [_example(name, text, group) for text in group.examples]
    digest = hashlib.sha256("\0".join(texts[name] for name in sorted(texts)).encode()).hexdigest()
    vocabulary = {word for phrase in phrases for word in phrase}
    return Lexicon(_tree(phrases), _plurals(vocabulary) | spelling, tuple(examples), digest)


def _parse(name: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"The labeller's vocabulary file {name} is not valid TOML: {error}.") from error


def _validated(name: str, text: str) -> _VocabularyFile:
    try:
        return _VocabularyFile.model_validate(_parse(name, text))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(
            f"The labeller's vocabulary file {name} is wrong at {where}: {first['msg']}."
        ) from error


def _add(phrases: dict[tuple[str, ...], tuple[Entry, str]], entry: Entry, patterns: list[str], name: str) -> None:
    for pattern in patterns:
        for phrase in expand(pattern):
            known = phrases.get(phrase)
            if known is None:
                phrases[phrase] = (entry, name)
            elif entry.abnormal:  # a phrase may have a role in the sentence and be an abnormality as well
                phrases[phrase] = (replace(known[0], abnormal=True), known[1])
            elif known[0] != entry:
                raise ConfigurationError(
                    f"The phrase {' '.join(phrase)!r} stands in two entries of the labeller's vocabulary "
                    f"({known[1]} as {known[0].role}, {name} as {entry.role}); keep one."
                )


def expand(pattern: str) -> set[tuple[str, ...]]:
    """Every phrase that a pattern stands for: `a|b` one of them, `[a|b]` one of them or none."""
    choices = []
    for part in pattern.split():
        optional = part.startswith("[") and part.endswith("]")
        options = (part[1:-1] if optional else part).split("|")
        choices.append([*options, ""] if optional else options)
    return {phrase for chosen in product(*choices) if (phrase := tuple(word for word in chosen if word))}


def _example(name: str, text: str, group: _Group) -> Example:
    given, _, sentence = text.partition(": ")
    *finding, assertion = given.split()
    try:
        if finding:
            return Example(name, sentence, Finding(finding[0]), Assertion(assertion))
        if isinstance(group, _MentionGroup):
            return Example(name, sentence, group.findings[0], Assertion(assertion))
        raise ValueError("no finding")
    except ValueError as error:
        raise ConfigurationError(f'The example {text!r} in {name} must read "finding assertion: sentence".') from error


def _plurals(vocabulary: set[str]) -> dict[str, str]:
    """Plural → singular for every word of the vocabulary whose plural is not itself a word of it."""
    plurals = {}
    for word in vocabulary:
        if len(word) < _SHORTEST_PLURAL or not word.isalpha():
            continue
        forms = [word + "s"]
        if word.endswith("y"):
            forms.append(word[:-1] + "ies")
        if word.endswith(("s", "x", "z", "ch", "sh")):
            forms.append(word + "es")
        plurals.update({form: word for form in forms if form not in vocabulary})
    return plurals


def _tree(phrases: Mapping[tuple[str, ...], tuple[Entry, str]]) -> Node:
    root = Node()
    for phrase, (entry, _) in phrases.items():
        node = root
        for word in phrase:
            node = node.following.setdefault(word, Node())
        node.entry = entry
    return root
