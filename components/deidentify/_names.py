"""Names of people in running text: known ones, and unknown ones that a title or a role gives away.

One pass over the words of the text; no regular expression looks further than a word.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

from components.deidentify._known import name_parts, spellings
from components.deidentify._words import EPONYMS, ORDINARY_WORDS, TITLES

_WORD = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*")
_BARE_GAP = re.compile(r"[ \t]*[,.^]?[ \t]*\n?[ \t]*")
_LONGEST_GAP = 12
_MOST_WORDS = 4
_SHORTEST_CONTINUOUS = 2  # characters, of a name in a script without spaces
_LONGEST_ACRONYM = 4

_TITLES = frozenset({"dr", "drs", "mr", "mrs", "ms", "miss", "prof", "professor", "doctor"})
_STRICT_TITLES = frozenset({"nurse", "sister"})  # what follows may be "Practitioner"
_TITLES_ALSO_WORDS = frozenset({"DR", "MR", "MS"})  # digital radiography, magnetic resonance, a disease
_DEGREES = frozenset({"MD", "PhD", "RN", "FRCR", "FRCPC", "MBBS", "CRNP", "FACR"})
_PARTICLES = frozenset(
    {"van", "von", "de", "der", "den", "la", "le", "el", "al", "bin", "da", "di", "dos", "du", "ter"}
)
_DONE_BY = frozenset(
    "signed dictated read reported interpreted reviewed transcribed approved verified authenticated referred "
    "requested ordered performed electronically seen examined authored prepared".split()
)
_TOLD = frozenset("discussed communicated relayed conveyed conferred spoke reviewed called".split())
_ROLES = frozenset(
    "radiologist attending physician technologist resident referring consultant clinician patient name author "
    "reader surgeon fellow provider transcriptionist cc".split()
)


@dataclass(frozen=True)
class _Word:
    text: str
    start: int
    end: int

    @property
    def folded(self) -> str:
        return self.text.casefold()

    @property
    def capital(self) -> bool:
        return self.text[0].isupper()

    @property
    def initial(self) -> bool:
        return len(self.text) == 1 and self.capital

    @property
    def ordinary(self) -> bool:
        return self.folded in ORDINARY_WORDS or set(self.folded) == {"x"}


def mask_names(text: str, names: Collection[str]) -> str:
    """The text with [NAME] where a known or a given-away name stood.

    Known names are found in any case. Where a part of one is an ordinary word too ("Small", "Lung"), or has two
    letters ("Li"), it counts only with a capital and beside a title, an initial or another part, or (ordinary
    words) in the middle of a sentence of small letters.
    """
    words = [_Word(found[0], *found.span()) for found in _WORD.finditer(text)]
    marked = _known(text, words, names) if names else set()
    for index, word in enumerate(words):
        _mark_after(text, words, index, marked)
        if word.text in _DEGREES or (word.text in ("M", "D") and _is_spelt_degree(text, words, index)):
            _mark_before(text, words, index, marked)
    return _rebuilt(_continuous(text, names, words, marked) if names else (text, words, marked))


def _known(text: str, words: list[_Word], names: Collection[str]) -> set[int]:
    parts = {part for name in names for part in name_parts(name)}
    short = {part for name in names for part in _WORD.findall(name.casefold()) if len(part) == 2} - TITLES  # noqa: PLR2004
    strong = {part for part in parts if part not in ORDINARY_WORDS}
    weak = (parts - strong) | short
    marked = {index for index, word in enumerate(words) if _has_part(word, strong)}
    marked |= _whole_names(text, words, [{*_WORD.findall(name.casefold())} for name in names], weak)
    for order in (range(len(words)), range(len(words) - 1, -1, -1)):
        for index in order:
            if words[index].folded in weak and words[index].capital and _beside_name(text, words, index, marked):
                marked.add(index)
    for index, word in enumerate(words):
        if word.folded in weak - EPONYMS and _amid_small_letters(text, words, index):
            marked.add(index)
    _add_initials(text, words, marked)
    return marked


def _whole_names(text: str, words: list[_Word], names: list[set[str]], weak: set[str]) -> set[int]:
    """Two parts of one name side by side, which alone would be ordinary words or too short."""
    marked: set[int] = set()
    for index in range(len(words) - 1):
        one, two = words[index], words[index + 1]
        if one.folded in weak and two.folded in weak and one.capital and two.capital and one.folded != two.folded:
            if _adjacent(text, words, index) and any({one.folded, two.folded} <= name for name in names):
                marked |= {index, index + 1}
    return marked


def _has_part(word: _Word, parts: set[str]) -> bool:
    pieces = re.split(r"['’\-]", word.folded)
    if not parts.isdisjoint(spellings(word.folded)):
        return True
    return any(not parts.isdisjoint(spellings(piece)) for piece in pieces) and not EPONYMS.issuperset(pieces)


def _beside_name(text: str, words: list[_Word], index: int, marked: set[int]) -> bool:
    for other in (index - 1, index + 1):
        if 0 <= other < len(words) and _adjacent(text, words, min(index, other)):
            beside = words[other]
            if other in marked or (other < index and beside.capital and beside.folded in _TITLES):
                return True
    return False


def _amid_small_letters(text: str, words: list[_Word], index: int) -> bool:
    word = words[index]
    if index == 0 or not (word.capital and word.text[1:].islower()):
        return False
    before = words[index - 1]
    return before.text.islower() and text[before.end : word.start] == " "


def _add_initials(text: str, words: list[_Word], marked: set[int]) -> None:
    """Marks "J." in "J. Smith" and "Smith, J.", but neither "I" in "I, Smith" nor the degree in "Smith, M.D."."""
    for index in sorted(marked):
        for other, low in ((index - 1, index - 1), (index + 1, index)):
            if not 0 <= other < len(words) or not words[other].initial or not _adjacent(text, words, low):
                continue
            pronoun = other < index and "," in text[words[other].end : words[index].start]
            if not pronoun and not _is_spelt_degree(text, words, other):
                marked.add(other)


def _mark_after(text: str, words: list[_Word], index: int, marked: set[int]) -> None:
    """Marks what follows a title ("Dr."), a deed ("signed by"), a telling ("discussed with") or a role ("Reader:")."""
    word = words[index]
    following = text[word.end : word.end + 1]
    if word.folded in _TITLES and word.capital and (word.text not in _TITLES_ALSO_WORDS or following == "."):
        _mark_run(text, words, index + 1, marked, strict=False)
    elif word.text in _TITLES_ALSO_WORDS or (word.folded in _STRICT_TITLES and word.capital):
        _mark_run(text, words, index + 1, marked, strict=True)
    elif following in (" ", ":") and _is_cue(text, words, index):
        _mark_run(text, words, index + 1, marked, strict=True)


def _is_cue(text: str, words: list[_Word], index: int) -> bool:
    word = words[index]
    before = words[index - 1].folded if index else ""
    if word.folded == "by":
        return before in _DONE_BY
    if word.folded in ("with", "to"):
        return before in _TOLD
    if word.folded in ("notified", "informed"):
        return True
    return word.folded in _ROLES and text[word.end : word.end + 1] == ":"


def _mark_run(text: str, words: list[_Word], start: int, marked: set[int], *, strict: bool) -> None:
    """Marks a name that starts at a word: initials, particles and capitals, up to the first ordinary word.

    After a plain title the first word is a name even when it is an ordinary one ("Dr. Young").
    """
    run: list[int] = []
    for index in range(start, min(start + _MOST_WORDS, len(words))):
        word, before = words[index], words[index - 1]
        gap = text[before.end : word.start]
        if not _is_gap(gap, after_initial=before.initial or index == start):
            break
        if "," in gap and not _is_given_name(before, word):
            break
        named = any(not words[place].initial for place in run)
        follows = _surname_follows(text, words, index)
        if not _continues(word, first=index == start, strict=strict, named=named, surname_follows=follows):
            break
        run.append(index)
    while run and words[run[-1]].folded in _PARTICLES:
        run.pop()
    marked.update(run)


def _is_given_name(before: _Word, word: _Word) -> bool:
    """Whether what follows a comma is written as the family name is, and no abbreviation ("Smith, MD")."""
    if before.text.isupper():
        return word.text.isupper() and len(word.text) >= _LONGEST_ACRONYM
    return word.capital and not word.text.isupper()


def _surname_follows(text: str, words: list[_Word], index: int) -> bool:
    """Whether a capitalised word that is no ordinary one stands right after: "Grace Meyer", not "Emergency staff"."""
    if index + 1 >= len(words) or text[words[index].end : words[index + 1].start] != " ":
        return False
    after = words[index + 1]
    return after.capital and after.text[1:].islower() and not after.ordinary and after.folded not in TITLES


def _continues(word: _Word, *, first: bool, strict: bool, named: bool, surname_follows: bool) -> bool:
    """Whether the word belongs to the run; `named` says that the run holds a full word already."""
    if word.folded in TITLES and word.capital:
        return False  # a title opens a run of its own
    if word.initial or (word.folded in _PARTICLES and not word.text.isupper()):
        return True
    if not word.capital or set(word.folded) == {"x"}:
        return False
    if word.ordinary:
        return not named and (word.text[1:].islower() or first) and not (strict and not surname_follows)
    return not (strict and not named and word.text.isupper() and len(word.text) <= _LONGEST_ACRONYM)


def _mark_before(text: str, words: list[_Word], index: int, marked: set[int]) -> None:
    """Marks the name before a degree: "Jane Q. Smith, MD"."""
    for at in range(index - 1, max(index - 1 - _MOST_WORDS, -1), -1):
        word = words[at]
        if not _is_gap(text[word.end : words[at + 1].start], after_initial=word.initial):
            return
        if not word.capital or word.ordinary or word.text in _DEGREES:
            return
        marked.add(at)


def _is_spelt_degree(text: str, words: list[_Word], index: int) -> bool:
    return text[words[index].start : words[index].start + 3] == "M.D"


def _adjacent(text: str, words: list[_Word], index: int) -> bool:
    """Whether the word and the next are parted by a blank, a comma or an initial's point only."""
    return _is_gap(text[words[index].end : words[index + 1].start], after_initial=True)


def _is_gap(gap: str, *, after_initial: bool) -> bool:
    if len(gap) > _LONGEST_GAP:
        return False
    if gap.strip() in (":", ".:"):
        return after_initial
    return _BARE_GAP.fullmatch(gap) is not None and ("." not in gap or after_initial)


def _continuous(
    text: str, names: Collection[str], words: list[_Word], marked: set[int]
) -> tuple[str, list[_Word], set[int]]:
    """Adds names in scripts without spaces, which are found anywhere inside a word."""
    parts = {part for name in names for part in _WORD.findall(name) if _has_no_spaces(part)}
    if not parts:
        return text, words, marked
    spans = [_Word(found[0], *found.span()) for part in parts for found in re.finditer(re.escape(part), text)]
    kept = [words[index] for index in marked] + spans
    kept.sort(key=lambda word: (word.start, -word.end))
    return text, kept, set(range(len(kept)))


def _has_no_spaces(part: str) -> bool:
    return len(part) >= _SHORTEST_CONTINUOUS and all(ord(letter) >= 0x2E80 for letter in part)  # noqa: PLR2004 – CJK on


def _rebuilt(found: tuple[str, list[_Word], set[int]]) -> str:
    text, words, marked = found
    pieces: list[str] = []
    position, previous = 0, None
    for index in sorted(marked):
        word = words[index]
        if word.start < position:
            continue
        gap = text[position : word.start]
        joined = previous is not None and _is_gap(gap, after_initial=words[previous].initial) and "\n" not in gap
        if not joined:
            pieces += [gap, "[NAME]"]
        position, previous = word.end, index
    return "".join(pieces) + text[position:]
