"""Report text without identity: typed placeholders for what names somebody, every other word as it was."""

import re
from collections.abc import Callable, Collection

from components.deidentify._names import mask_names
from components.deidentify._words import ORDINARY_WORDS

_MONTH_NAME = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    r"|Nov(?:ember)?|Dec(?:ember)?|JAN(?:UARY)?|FEB(?:RUARY)?|MAR(?:CH)?|APR(?:IL)?|MAY|JUNE?|JULY?|AUG(?:UST)?"
    r"|SEPT?(?:EMBER)?|OCT(?:OBER)?|NOV(?:EMBER)?|DEC(?:EMBER)?)"
)
_MONTH = rf"{_MONTH_NAME}\.?"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?"
_YEAR = r"(?:19|20)\d\d"
_STREET = (
    r"(?:(?:Street|Avenue|Road|Boulevard|Lane|Drive|Court|Way|Place|Square|Highway|Terrace|Circle|Crescent|Parkway|Close"
    r"|Trail|Gardens)\b|(?:St|Ave|Rd|Blvd|Ln|Dr|Ct|Pl|Sq|Hwy|Cir|Pkwy)\b)"
)
_DOT = r"(?:\.(?=,|\s(?:Apt|Suite|Unit|#|[A-Z]{2}\s\d{5})))?"  # an abbreviation's; any other ends the sentence
_STREET_IN_CAPITALS = _STREET.upper().replace("\\B", "\\b")
_GREAT_AGE = r"(?:9\d|1[0-4]\d)"
_LONGEST_YEAR = 4

_Replacement = str | Callable[[re.Match[str]], str]


def _date_unless_levels(found: re.Match[str]) -> str:
    """[DATE], but "ribs 10-11-12" and "1/2/3" as they are."""
    first, second, last = (int(part) for part in re.split(r"\D+", found["date"]))
    possible = (1 <= first <= 12 and 1 <= second <= 31) or (1 <= second <= 12 and 1 <= first <= 31)  # noqa: PLR2004
    long_year = last > 1900 or len(re.split(r"\D+", found["date"])[2]) == _LONGEST_YEAR  # noqa: PLR2004
    beside = found.string[max(0, found.start() - 24) : found.start()] + " " + found.string[found.end() :][:12]
    if not possible or (not long_year and _LEVELS.search(beside)):
        return found[0]
    return "[DATE]"


_LEVELS = re.compile(r"\b(?:ribs?|levels?|vertebra\w*|segments?|grades?|zones?|[CTLS])\b", re.IGNORECASE)


def _time(found: re.Match[str]) -> str:
    ratio = found.string[max(0, found.start() - 10) : found.start()]
    return found[0] if "ratio" in ratio.lower() else "[TIME]"


def _rules(
    *rules: tuple[str, _Replacement] | tuple[str, _Replacement, re.RegexFlag],
) -> list[tuple[re.Pattern[str], _Replacement]]:
    return [(re.compile(rule[0], rule[2] if len(rule) > 2 else 0), rule[1]) for rule in rules]  # noqa: PLR2004


# Every repetition is bounded or over one class of characters that what follows cannot start with: linear time.
_RULES = _rules(
    (r"\b[\w.+'’-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}", "[EMAIL]"),
    (r"\b(?:(?:https?|ftps?)://|www\.)[^\s<>\"]{1,500}(?<![.,;:)])", "[URL]", re.IGNORECASE),
    (
        r"\b(?:[a-z0-9-]{1,63}\.){1,4}(?:com|org|net|edu|gov|info|example|local|internal)\b(?:[/:][^\s<>\"]{1,500}"
        r"(?<![.,;:)]))?",
        "[URL]",
        re.IGNORECASE,
    ),
    (
        rf"\b\d{{1,5}}[A-Za-z]?\s(?:[NSEW]\.?\s)?(?:(?:[A-Z][A-Za-z'’.-]{{1,20}}|\d{{1,3}}(?:st|nd|rd|th))\s){{1,4}}{_STREET}{_DOT}(?!\s?[-\d])"
        r"(?:,?\s(?:Apt|Suite|Unit|#)\.?\s?\w{1,6})?(?:,\s[A-Z][A-Za-z ]{1,30})?(?:,?\s[A-Z]{2}\s\d{5}(?:-\d{4})?)?",
        "[ADDRESS]",
    ),
    (
        rf"\b\d{{1,5}}\s(?:[A-Z]{{2,20}}\s){{1,3}}{_STREET_IN_CAPITALS}{_DOT}"
        r"(?:,\s[A-Z ]{2,30})?(?:,?\s[A-Z]{2}\s\d{5}(?:-\d{4})?)?",
        "[ADDRESS]",
    ),
    (r"\b\d{1,5}\s(?:[A-Z][a-z]{1,20}\s){1,3}[A-Z][a-z]{1,20},\s[A-Z]{2}\s\d{5}(?:-\d{4})?\b", "[ADDRESS]"),
    (r"\bP\.?\s?O\.?\sBox\s\d{1,6}\b", "[ADDRESS]", re.IGNORECASE),
    (r"\b[A-Z][a-z]{1,20},\s[A-Z]{2}\s\d{5}(?:-\d{4})?\b", "[ADDRESS]"),
    (
        r"\b[A-ZÄÖÜ][a-zäöüß-]{1,30}(?:straße|strasse|str\.|allee|gasse|platz)\s\d{1,4}[a-z]?\b"
        r"(?:,\s\d{5}\s[A-ZÄÖÜ][a-zäöüß]{1,30})?",
        "[ADDRESS]",
    ),
    # dates
    (rf"\b{_YEAR}([-/.])\d{{1,2}}\1\d{{1,2}}(?:[T ]\d{{1,2}}:\d\d(?::\d\d(?:\.\d{{1,6}})?)?(?:Z|[+-]\d\d:?\d\d)?)?\b",
     "[DATE]"),
    (r"(?<![\d./-])(?P<date>\d{1,2}([/-])\d{1,2}\2(?:\d{4}|\d{2}))(?![\d/-])(?!\.\d)", _date_unless_levels),
    (rf"(?<![\d./-])\d{{1,2}}\.\d{{1,2}}\.{_YEAR}\b", "[DATE]"),
    (r"(?<![\d./-])(?:0[1-9]|[12]\d|3[01])\.(?:0[1-9]|1[0-2])\.\d\d(?!\d|\.\d)", "[DATE]"),
    (rf"\b{_DAY}\.\s{_MONTH}\s{_YEAR}\b", "[DATE]"),
    (rf"\b\d{{1,2}}{_MONTH}(?:{_YEAR}|\d\d)\b", "[DATE]"),
    (rf"\b{_DAY}[\s-]{_MONTH}[\s-](?:{_YEAR}|\d\d)\b(?!\s?(?:cm|mm)\b)", "[DATE]"),
    (rf"\b{_MONTH}\s{{0,2}}{_DAY}\b(?:,?\s{{1,2}}{_YEAR}\b|,?\s{{0,2}}'\d\d\b)?(?!\s?(?:cm|mm|be)\b)", "[DATE]"),
    (rf"\b{_DAY}(?:\s(?:of\s)?|-){_MONTH_NAME}(?:\.?(?:,?\s|-)(?:{_YEAR}|\d\d)\b)?(?!\w)", "[DATE]"),
    (rf"\b{_MONTH},?\s(?:of\s)?{_YEAR}\b", "[DATE]"),
    (rf"(?<=\b[Ii][Nn]\s){_MONTH}\b(?!\s\w{{1,20}}\sbe)", "[DATE]"),
    (rf"(?<=\b(?i:since)\s){_MONTH}\b", "[DATE]"),
    (rf"(?<![\d/])(?:0?[1-9]|1[0-2])/{_YEAR}\b", "[DATE]"),
    (r"(?<=\bon\s)(?:0?[1-9]|1[0-2])/(?:0?[1-9]|[12]\d|3[01])(?![\d/])(?!\s(?:ribs?|views?|of|levels?)\b)", "[DATE]"),
    (r"(?<=\bdated\s)\d{1,2}/\d{1,2}(?![\d/])", "[DATE]", re.IGNORECASE),
    (r"\b(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\d{4}(?:\d\d)?)?\b", "[DATE]"),
    # times of day
    (
        r"(?<![\d:.])(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?![\d:])(?:\s?[AaPp]\.?[Mm]\b\.?|\s?(?:hrs?|hours)\b)?",
        _time,
    ),
    (r"(?<![\d.\w])(?:0?[1-9]|1[0-2])\s?(?:[ap]\.m\.|[AaPp][Mm]\b)", "[TIME]"),
    (r"(?<![\d.\w])(?:[01]\d|2[0-3])[0-5]\d\s?(?i:hrs|hours|h)\b", "[TIME]"),
    # numbers that lead to somebody
    (r"\b\d{3}-\d{2}-\d{4}\b", "[ID]"),
    (r"(?<![\w.])(?:\+|00)(?=(?:[\s.()-]{0,2}\d){8})\d{1,3}(?:[\s.-]?\(?\d{1,4}\)?){2,6}", "[PHONE]"),
    (r"(?<![\w.])0\d{2,4}[/\s-]\d{5,8}\b", "[PHONE]"),
    (r"\bx\d{4,5}\b", "[PHONE]"),
    (r"(?<![\w.])(?:\(\d{3}\)\s?|\d{3}[-.\s])\d{3}[-.\s]\d{4}\b(?:\s?(?:x|ext\.?)\s?\d{1,6})?", "[PHONE]"),
    (r"(?<![\w.-])\d{3}-\d{4}\b(?!-)", "[PHONE]"),
    (
        r"\b((?:tel|phone|telephone|fax|pager|beeper|mobile|ext|extension|callback)\b[.:#]{0,2}\s?(?:number|no\.?)?[:#]?"
        r"\s?(?:at\s|is\s)?)(?=[\d(+])[\d()+\s.x-]{2,22}\d\b",
        r"\1[PHONE]",
        re.IGNORECASE,
    ),
    (r"(?<![\d.])\d{1,12}(?:\.\d{1,39}){4,14}(?![\d.])", "[ID]"),
    (r"(?<![\d.])\d{2,3}(?:\.\d{1,3}){3}(?!\d|\.\d)", "[ID]"),
    (
        r"\b((?:MRN|medical\srecord(?:\s(?:number|no\.?))?|accession(?:\s(?:number|no\.?))?|acc|SSN|(?:patient|pt|study|exam)"
        r"\s(?:id|number|no\.?)|ID|(?:case|order|encounter|visit|account|chart|hospital|licen[sc]e|insurance|policy|NHS)\s(?:id|number|no\.?|\#))\s?[:#=]{0,2}\s?"
        r"(?:is\s)?\#?)(?=[\w-]{0,24}\d)[A-Z0-9][\w-]{2,24}\b",
        r"\1[ID]",
        re.IGNORECASE,
    ),
    (r"(?<![\w.])[A-Z]{2,6}-\d{2,6}-\d{2,10}\b", "[ID]"),
    (r"(?<![\w.])[A-Za-z]{0,6}[-_]?\d{6,}[\w-]{0,24}", "[ID]"),
    # ages over 89
    (
        rf"\b{_GREAT_AGE}(?=(?:\s?-\s?|\s)?(?:years?|yrs?)\b(?!\s?(?:ago|later|prior|earlier))|\s?y\.?/?o\b|y\b|[MF]\b)",
        "[AGE]",
        re.IGNORECASE,
    ),
    (rf"(?<=\bage\s){_GREAT_AGE}\b(?!\s?(?:days|weeks|months))", "[AGE]", re.IGNORECASE),
    (rf"(?<=\baged\s){_GREAT_AGE}\b", "[AGE]", re.IGNORECASE),
    (rf"(?<=\bage:\s){_GREAT_AGE}\b", "[AGE]", re.IGNORECASE),
)  # fmt: skip


def deidentify_text(text: str, *, names: Collection[str], identifiers: Collection[str] = ()) -> str:
    """The text with [NAME], [DATE], [TIME], [PHONE], [ID], [AGE], [EMAIL], [URL] and [ADDRESS] in place of these.

    `names` are those of patient and staff known from header and message, as DICOM (Family^Given), HL7 or people
    write them; `identifiers` are record and accession numbers, institutions and the like, replaced where they
    occur word for word. Names nobody told of are found by a title ("Dr."), a role or a signature. Measures,
    vertebrae, fractions and years alone stay. Done twice, it changes nothing more.
    """
    for identifier in sorted(identifiers, key=len, reverse=True):
        text = _without_identifier(text, identifier)
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return mask_names(text, names)


_SHORTEST_IDENTIFIER = 4


def _without_identifier(text: str, identifier: str) -> str:
    wanted = identifier.strip()
    if len(wanted) < _SHORTEST_IDENTIFIER or wanted.casefold() not in text.casefold():
        return text
    if all(word in ORDINARY_WORDS for word in wanted.casefold().split()):
        return text  # an institution called "General Radiology" would take these words out of every report
    return re.sub(rf"(?<!\w){re.escape(wanted)}(?!\w)", "[ID]", text, flags=re.IGNORECASE)
