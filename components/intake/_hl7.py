"""HL7 v2 files: ORU^R01 messages with a radiology report each."""

import re
from collections.abc import Iterator
from dataclasses import replace

import hl7

from components.deidentify import parse_date, quiet_dicom
from components.intake._message import ReportMessage, status_of
from components.intake._reason import Reason, refused
from components.labeler import Sections, split_sections

_MESSAGE_START = re.compile(rb"^(?=MSH\|)", re.MULTILINE)
_BATCH_SEGMENT = re.compile(rb"^(?:FHS|BHS|BTS|FTS)\|[^\n]*\n?", re.MULTILINE)
_FRAMING = re.compile(rb"[\x0b\x1c]")
_CHARSET_FIELD = 18
_CHARSETS = {
    "UNICODE UTF-8": "utf-8", "UTF-8": "utf-8", "UNICODE": "utf-8", "ASCII": "ascii", "GB 18030-2000": "gb18030",
    **{f"8859/{part}": f"iso8859-{part}" for part in (1, 2, 3, 4, 5, 6, 7, 8, 9, 15)},
}  # fmt: skip
_ESCAPE = re.compile(r"\\([^\\\r\n]{0,64})\\")
_SEPARATORS = {"F": "|", "S": "^", "T": "&", "R": "~", "E": "\\", "H": "", "N": ""}
_LAYOUT = {".br": "\n", ".sp": "\n", ".ce": "\n", ".sk": " ", ".in": " ", ".ti": " ", ".fi": "", ".nf": ""}
_MOST_REPEATED = 20
# (segment, field): where HL7 v2 puts people, and numbers or addresses that lead to one.
_PEOPLE = (
    ("PID", 5), ("PID", 6), ("PID", 9), ("NK1", 2), ("PV1", 7), ("PV1", 8), ("PV1", 9), ("PV1", 17), ("ORC", 10),
    ("ORC", 11), ("ORC", 12), ("ORC", 19), ("OBR", 10), ("OBR", 16), ("OBR", 28), ("OBR", 32), ("OBR", 33),
    ("OBR", 34), ("OBR", 35), ("OBX", 16), ("OBX", 25),
)  # fmt: skip
_NUMBERS = (
    ("PID", 2), ("PID", 3), ("PID", 4), ("PID", 11), ("PID", 13), ("PID", 14), ("PID", 18), ("PID", 19), ("PV1", 19),
    ("ORC", 2), ("ORC", 3), ("OBR", 2), ("OBR", 3), ("OBR", 17), ("OBR", 18), ("OBR", 19), ("OBR", 20), ("OBR", 21),
    ("MSH", 4), ("MSH", 6), ("MSH", 10), ("NK1", 4), ("NK1", 5),
)  # fmt: skip
_TEXT_TYPES = frozenset({"TX", "FT", "ST", "CE", "CWE", ""})
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_SHORTEST_NUMBER = 5


def split_messages(content: bytes) -> Iterator[bytes]:
    """The messages of a file, one or many, with or without batch segments and MLLP marks."""
    lines = _FRAMING.sub(b"", content.lstrip(b"\xef\xbb\xbf")).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    for part in _MESSAGE_START.split(_BATCH_SEGMENT.sub(b"", lines)):
        if part.strip():
            yield part


def parse_message(content: bytes) -> ReportMessage:
    """The report of one ORU message; RefusedInputError for any other, or one that is broken."""
    message = _parsed(content)
    if not _field(message, "MSH", 9).startswith("ORU"):
        raise refused(Reason.BAD_REPORT, "The message is not a result (ORU).")
    if not _segments(message, "OBR"):
        raise refused(Reason.BAD_REPORT, "The result message names no examination (no OBR segment).")
    accession = _first(message, (("OBR", 18), ("OBR", 3), ("OBR", 2)))
    status = _field(message, "OBR", 25) or _field(message, "OBX", 11)
    return ReportMessage(
        report_id=_first(message, (("OBR", 3), ("OBR", 2), ("MSH", 10))),
        accession=accession,
        patient_id=_component(_field(message, "PID", 3)) or _component(_field(message, "PID", 2)),
        day=parse_date(_field(message, "OBR", 7)) or parse_date(_field(message, "OBR", 22)),
        status=status_of(status),
        sections=_sections(message),
        names=frozenset(_people(message)),
        identifiers=frozenset(_numbers(message)),
    )


def unescaped(text: str) -> str:
    """HL7 escape sequences as what they stand for; unknown ones vanish.

    Not the library's own function: that one writes the field into the log where a sequence is unknown.
    """
    return _ESCAPE.sub(_meaning, text)


def _meaning(found: re.Match[str]) -> str:
    code = found[1]
    if code in _SEPARATORS:
        return _SEPARATORS[code]
    if code[:3] in _LAYOUT:
        times = code[3:].lstrip("+ ")
        return _LAYOUT[code[:3]] * (min(int(times), _MOST_REPEATED) if times.isdecimal() else 1)
    if code[:1] == "X":
        try:
            return bytes.fromhex(code[1:]).decode("latin-1").replace("\r", "\n")
        except ValueError:
            return ""
    return ""


def _parsed(content: bytes) -> hl7.Message:
    with quiet_dicom():
        try:
            return hl7.parse("\r".join(_decoded(content).strip("\n").split("\n")))
        except Exception as error:
            raise refused(Reason.BAD_REPORT, f"The message is not valid HL7 v2 ({type(error).__name__}).") from None


def _decoded(content: bytes) -> str:
    fields = content.split(b"\n", 1)[0].split(b"|")
    stated = (
        fields[_CHARSET_FIELD - 1].split(b"~")[0].decode("ascii", "replace") if len(fields) >= _CHARSET_FIELD else ""
    )
    for charset in (_CHARSETS.get(stated.strip().upper()), "utf-8"):
        try:
            if charset:
                return content.decode(charset)
        except UnicodeDecodeError:
            continue
    return content.decode("cp1252", "replace")


def _segments(message: hl7.Message, name: str) -> list[hl7.Segment]:
    return [segment for segment in message if str(segment[0]) == name]


def _raw(segment: hl7.Segment, number: int) -> str:
    try:
        return str(segment[number])
    except IndexError:
        return ""


def _field(message: hl7.Message, segment: str, number: int) -> str:
    """The field of the first segment of this name, stripped, its separators as they came."""
    found = _segments(message, segment)
    return _raw(found[0], number).strip() if found else ""


def _component(field: str) -> str:
    """The first component of the field's first repetition."""
    return unescaped(re.split(r"[~^&]", field, maxsplit=1)[0]).strip()


def _first(message: hl7.Message, places: tuple[tuple[str, int], ...]) -> str:
    values = (_component(_field(message, segment, number)) for segment, number in places)
    return next((value for value in values if value), "")


def _sections(message: hl7.Message) -> Sections:
    """Sections by the headings in the text, else by what OBX-3 calls a line (suffix IMP is an impression)."""
    lines: list[str] = []
    concluded: list[str] = []
    for segment in _segments(message, "OBX"):
        if _raw(segment, 2).strip() not in _TEXT_TYPES:
            continue
        text = "\n".join(unescaped(part.replace("^", " ")) for part in _raw(segment, 5).split("~"))
        (concluded if _is_impression(_raw(segment, 3)) else lines).append(text)
    sections = split_sections("\n".join(lines))
    if not concluded:
        return sections
    impression = split_sections("\n".join(concluded))
    own = impression.impression or impression.findings
    return replace(sections, impression="\n".join(part for part in (sections.impression, own) if part))


def _is_impression(observation: str) -> bool:
    return re.search(r"\bIMP(?:RESSION)?\b", observation, re.IGNORECASE) is not None


def _people(message: hl7.Message) -> Iterator[str]:
    """Names as "Family^Given^Middle", without the numbers before and the codes behind them in XPN, XCN and NDL."""
    for name, number in _PEOPLE:
        for segment in _segments(message, name):
            for person in _raw(segment, number).split("~"):
                parts = [unescaped(part).strip() for part in re.split(r"[\^&]", person)]
                first = 0 if parts[0] and not any(sign.isdigit() for sign in parts[0]) else 1
                words = [part for part in parts[first : first + 3] if _LETTERS.search(part)]
                if words:
                    yield "^".join(words)


def _numbers(message: hl7.Message) -> Iterator[str]:
    """Record, order and telephone numbers, e-mail, streets and institutions."""
    for name, number in _NUMBERS:
        for segment in _segments(message, name):
            for value in re.split(r"[~^&]", _raw(segment, number)):
                text = unescaped(value).strip()
                if len(text) >= _SHORTEST_NUMBER:
                    yield text
