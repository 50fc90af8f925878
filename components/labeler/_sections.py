"""Where a report speaks of the indication, the findings and the impression."""

import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import takewhile


class _Part(StrEnum):
    INDICATION = "indication"
    FINDINGS = "findings"
    IMPRESSION = "impression"
    ASIDE = "aside"


@dataclass(frozen=True, kw_only=True)
class Sections:
    """A report's text by section; what stands under no heading is findings."""

    indication: str
    findings: str
    impression: str


_HEADINGS: dict[_Part, tuple[str, ...]] = {
    _Part.INDICATION: (
        "indication",
        "indications",
        "clinical indication",
        "clinical information",
        "clinical history",
        "clinical details",
        "clinical question",
        "history",
        "reason for exam",
        "reason for examination",
        "reason for study",
        "reason for this examination",
        "indikation",
        "fragestellung",
    ),
    _Part.FINDINGS: ("findings", "finding", "report", "body of report", "description", "result", "results", "befund"),
    _Part.IMPRESSION: (
        "impression",
        "impressions",
        "conclusion",
        "conclusions",
        "opinion",
        "summary",
        "assessment",
        "interpretation",
        "beurteilung",
        "findings and impression",
        "findings/impression",
    ),
    _Part.ASIDE: (
        "comparison",
        "comparisons",
        "compared with",
        "technique",
        "procedure",
        "exam",
        "examination",
        "study",
        "views",
        "recommendation",
        "recommendations",
        "notification",
        "attestation",
        "addendum by",
        "signed by",
        "dictated by",
        "electronically signed by",
    ),
}
_PART_OF = {heading: part for part, headings in _HEADINGS.items() for heading in headings}
_ALTERNATIVES = "|".join(re.escape(heading) for heading in sorted(_PART_OF, key=len, reverse=True))
# A heading opens a line (with a colon, or alone on it), or stands in capitals with a colon anywhere.
_HEADING = re.compile(
    rf"(?:^|\n)[ \t>*#]{{0,8}}(?P<line>{_ALTERNATIVES})[ \t]{{0,4}}(?::|[ \t]{{0,8}}(?=\n|$))"
    rf"|(?<![A-Za-z])(?P<inline>{_ALTERNATIVES})[ \t]{{0,4}}:",
    re.IGNORECASE,
)


def split_sections(report: str) -> Sections:
    """The sections of a whole report; headings may be in capitals, open a line, or stand in it before a colon."""
    report = report.replace("\r\n", "\n").replace("\r", "\n")  # HL7 separates lines by carriage return
    pieces: list[tuple[_Part, str]] = []
    current, start = _Part.FINDINGS, 0
    for match in _HEADING.finditer(report):
        heading = match["line"] or match["inline"]
        if match["line"] is None and not _opens_section(heading):
            continue
        pieces.append((current, report[start : match.start()].strip()))
        current, start = _PART_OF[heading.lower()], match.end()
    pieces.append((current, report[start:].strip()))
    return Sections(
        indication=_joined(pieces, _Part.INDICATION),
        findings=_joined(pieces, _Part.FINDINGS) or _unannounced(pieces),
        impression=_joined(pieces, _Part.IMPRESSION),
    )


def _joined(pieces: list[tuple[_Part, str]], wanted: _Part) -> str:
    return "\n".join(piece for part, piece in pieces if part is wanted and piece)


def _unannounced(pieces: list[tuple[_Part, str]]) -> str:
    """Findings without a heading of their own: what stands below the first paragraph of a section before them."""
    before = takewhile(lambda piece: piece[0] is not _Part.IMPRESSION, pieces)
    return "\n".join(below for _, piece in before if (below := _below_first_paragraph(piece)))


def _below_first_paragraph(piece: str) -> str:
    _, blank_line, rest = piece.partition("\n\n")
    return rest.strip() if blank_line else piece.partition("\n")[2].strip()


def _opens_section(heading: str) -> bool:
    """Inside a line only "FINDINGS:" or "Findings:" is a heading; "history:" in running text is not."""
    return heading[0].isupper()
