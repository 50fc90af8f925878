"""A report's text parted into the sections that readers of it need."""

import re
from dataclasses import dataclass

_HEADING = re.compile(
    r"(?:^|(?<=[.\n:;]))[ \t]*(?P<name>"
    r"findings?|description|report|impressions?|conclusions?|opinion|interpretation|assessment|summary"
    r"|indications?|clinical\s(?:indications?|information|history|data|details)|history|reason(?:\sfor\s(?:exam\w*|study))?"
    r"|comparisons?|technique|exam(?:ination)?|procedure|views?|study|recommendations?"
    r"|befund|beurteilung|indikation|fragestellung"
    r")[ \t]*:[ \t]*",
    re.IGNORECASE | re.MULTILINE,
)
_FINDINGS = frozenset({"finding", "findings", "description", "report", "befund"})
_IMPRESSION = frozenset(
    "impression impressions conclusion conclusions opinion interpretation assessment summary beurteilung "
    "recommendation recommendations".split()
)


@dataclass(frozen=True)
class Sections:
    """What the report found, and what its author made of it; what was asked is left out."""

    findings: str
    impression: str


def split_sections(text: str) -> Sections:
    """FINDINGS and IMPRESSION by their headings; a report without headings is all findings.

    Indication, history, comparison, technique and the name of the examination are dropped: they never make a label.
    Where no heading announces the findings, they are what stands before the first heading, and below the first
    paragraph (or line) of the sections that are dropped.
    """
    headings = list(_HEADING.finditer(text))
    if not headings:
        return Sections(text.strip(), "")
    findings: list[str] = []
    impression: list[str] = []
    loose = [text[: headings[0].start()].strip()]
    ends = [*(heading.start() for heading in headings[1:]), len(text)]
    for heading, end in zip(headings, ends, strict=True):
        part = text[heading.end() : end].strip()
        name = heading["name"].casefold()
        if name in _FINDINGS:
            findings.append(part)
        elif name in _IMPRESSION:
            impression.append(part)
        else:
            loose.append(_below_first_paragraph(part))
    return Sections(_joined(findings) or _joined(loose), _joined(impression))


def _below_first_paragraph(part: str) -> str:
    _, mark, rest = part.partition("\n\n")
    return rest.strip() if mark else part.partition("\n")[2].strip()


def _joined(parts: list[str]) -> str:
    return "\n".join(part for part in parts if part)
