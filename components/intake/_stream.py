"""A file in pieces, within bounds: one HL7 message or one line of a table is in memory at a time."""

from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

LONGEST_PIECE = 16 << 20
"""A message or line that is longer is no report; only its beginning is read."""
_STEP = 1 << 20
_BATCH_SEGMENTS = ("FHS|", "BHS|", "BTS|", "FTS|")
_FRAMING = str.maketrans("", "", "\x0b\x1c")  # MLLP's marks around a message
_BYTE_ORDER_MARK = b"\xef\xbb\xbf".decode("latin-1")


def messages_of(path: Path) -> Iterator[bytes]:
    """The HL7 messages of a file, lines parted by newlines; with or without batch segments and MLLP marks.

    A message beyond the bound comes without its end, longer than the bound all the same.
    """
    kept: list[str] = []
    size, batch = 0, False
    for line, begins in _pieces(path):
        if begins:
            batch = line.startswith(_BATCH_SEGMENTS)
            if line.startswith("MSH|") and kept:
                yield _joined(kept)
                kept, size = [], 0
        if not batch and size <= LONGEST_PIECE and not (begins and line.isspace()):
            kept.append(line)
            size += len(line)
    if kept:
        yield _joined(kept)


def lines_of(file: TextIO) -> Iterator[str]:
    """The lines of a text file with their ends; OverflowError for one beyond the bound."""
    while line := file.readline(LONGEST_PIECE):
        if len(line) == LONGEST_PIECE:
            raise OverflowError
        yield line


def _pieces(path: Path) -> Iterator[tuple[str, bool]]:
    """Lines, those that are very long in pieces; and whether a line begins with the piece. Bytes as Latin-1."""
    # Universal newlines: HL7 parts its segments by carriage returns, some files by line feeds or both.
    with path.open("r", encoding="latin-1", newline=None) as file:
        begins = True
        while piece := file.readline(_STEP):
            line = piece.translate(_FRAMING)
            yield line.removeprefix(_BYTE_ORDER_MARK), begins
            begins = piece.endswith("\n")


def _joined(lines: list[str]) -> bytes:
    return "".join(lines).encode("latin-1")
