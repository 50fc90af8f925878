"""The fields of an HL7 v2 message as plain text: character sets, escape sequences, who and what they name."""

import re
from collections.abc import Iterator

import hl7

from components.deidentify import quiet_dicom
from components.intake._message import readable
from components.intake._reason import Reason, refused

_CHARSET_FIELD = 18
_CHARSETS = {
    "UNICODE UTF-8": "utf-8", "UTF-8": "utf-8", "UNICODE": "utf-8", "ASCII": "ascii", "GB 18030-2000": "gb18030",
    "ISO IR87": "iso2022_jp", "KS X 1001": "euc_kr", "CNS 11643-1992": "cp950",
    **{f"8859/{part}": f"iso8859-{part}" for part in (1, 2, 3, 4, 5, 6, 7, 8, 9, 15)},
}  # fmt: skip
_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}(?:\||$)")
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
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_TYPE_OF_NUMBER = 4  # component of CX: number, check digit, its scheme, authority, type


def parsed(content: bytes) -> hl7.Message:
    """The message; a line that begins no segment goes on the field before it (some senders break text with lines).

    Raises:
        RefusedInputError: it is no HL7 v2.
    """
    segments: list[str] = []
    for line in filter(None, decoded(content).split("\n")):
        if segments and not _SEGMENT.match(line):
            segments[-1] += "\n" + line
        else:
            segments.append(line)
    with quiet_dicom():
        try:
            return hl7.parse("\r".join(segments))
        except Exception as error:
            raise refused(Reason.BAD_REPORT, f"The message is not valid HL7 v2 ({type(error).__name__}).") from None


def decoded(content: bytes) -> str:
    """The message as text by the character set of MSH-18, else as UTF-8, else as Windows-1252."""
    fields = content.split(b"\n", 1)[0].split(b"|")
    stated = (
        fields[_CHARSET_FIELD - 1].split(b"~")[0].decode("ascii", "replace") if len(fields) >= _CHARSET_FIELD else ""
    )
    for charset in (_CHARSETS.get(stated.strip().upper()), "utf-8"):
        try:
            if charset:
                return readable(content.decode(charset))
        except UnicodeDecodeError:
            continue
    return readable(content.decode("cp1252", "replace"))


def unescaped(text: str) -> str:
    """HL7 escape sequences as what they stand for; unknown ones vanish.

    Not the library's own function: that one writes the field into the log where a sequence is unknown.
    """
    return readable(_ESCAPE.sub(_meaning, text))


def field_of(segment: hl7.Segment | None, number: int) -> str:
    """The field, stripped, its separators as they came; empty where there is none."""
    try:
        return str(segment[number]).strip() if segment is not None else ""
    except IndexError:
        return ""


def component(text: str) -> str:
    """The first component of the field's first repetition."""
    return unescaped(re.split(r"[~^&]", text, maxsplit=1)[0]).strip()


def typed_numbers(text: str) -> Iterator[tuple[str, str]]:
    """The numbers of a CX field with their types (MR: medical record number)."""
    for repetition in text.split("~"):
        parts = repetition.split("^")
        yield component(parts[0]), parts[_TYPE_OF_NUMBER].strip() if len(parts) > _TYPE_OF_NUMBER else ""


def people(message: hl7.Message) -> Iterator[str]:
    """Names as "Family^Given^Middle", without the numbers before and the codes behind them in XPN, XCN and NDL."""
    for text in _fields(message, _PEOPLE):
        for person in text.split("~"):
            parts = [unescaped(part).strip() for part in re.split(r"[\^&]", person)]
            first = 0 if parts[0] and not any(sign.isdigit() for sign in parts[0]) else 1
            words = [part for part in parts[first : first + 3] if _LETTERS.search(part)]
            if words:
                yield "^".join(words)


def numbers(message: hl7.Message) -> Iterator[str]:
    """Record, order and telephone numbers, e-mail, streets and institutions."""
    for text in _fields(message, _NUMBERS):
        for value in re.split(r"[~^&]", text):
            yield unescaped(value)


def _fields(message: hl7.Message, places: tuple[tuple[str, int], ...]) -> Iterator[str]:
    for segment in message:
        for name, number in places:
            if str(segment[0]) == name:
                yield field_of(segment, number)


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
