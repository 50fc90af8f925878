"""The DiagnosticReports of a FHIR file: one resource, a bundle, or one resource a line (NDJSON)."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from components.errors import RefusedInputError
from components.intake._fhir_values import Json, items, text_of
from components.intake._reason import Reason, refused

LARGEST_DOCUMENT = 32 << 20
"""A larger bundle would have to be held in memory whole; as NDJSON, a file may have any size."""


@dataclass(frozen=True)
class Resource:
    """One DiagnosticReport, and the resources beside it that it may point to, by their references."""

    report: Json = field(repr=False)
    beside: Mapping[str, Json] = field(repr=False)

    @property
    def content(self) -> bytes:
        """The resource as JSON."""
        return json.dumps(self.report).encode()


@dataclass(frozen=True)
class BrokenLine:
    """A line that is no resource."""

    content: bytes = field(repr=False)

    @property
    def refusal(self) -> RefusedInputError:
        """Why it is refused."""
        return refused(Reason.BAD_REPORT, "A line of the file is no FHIR resource in JSON.")


def resources_of(path: Path) -> Iterator[Resource | BrokenLine]:
    """The DiagnosticReports of a file; what else it holds only helps to read them.

    In NDJSON each line stands by itself.

    Raises:
        RefusedInputError: the file is no JSON, too large to be one document, or holds no DiagnosticReport.
        OSError: it cannot be opened.
    """
    count = 0
    for document in _documents(path):
        for found in [document] if isinstance(document, BrokenLine) else _reports(document):
            count += 1
            yield found
    if not count:
        raise refused(Reason.BAD_REPORT, "The FHIR file holds no DiagnosticReport.")


def _documents(path: Path) -> Iterator[Json | BrokenLine]:
    with path.open("rb") as file:
        first = file.readline(LARGEST_DOCUMENT)
        document = _loaded(first.removeprefix(b"\xef\xbb\xbf"))
        if document is None:
            whole = _loaded((first + file.read(LARGEST_DOCUMENT)).removeprefix(b"\xef\xbb\xbf"))
            if whole is None:
                raise refused(
                    Reason.BAD_REPORT,
                    f"The file is no FHIR resource in JSON, or one larger than {LARGEST_DOCUMENT >> 20} MiB: "
                    "send large ones as NDJSON.",
                )
            yield whole
            return
        yield document
        while line := file.readline(LARGEST_DOCUMENT):
            if line.strip():
                yield _loaded(line) or BrokenLine(line)


def _loaded(content: bytes) -> Json | None:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _reports(document: Json) -> Iterator[Resource]:
    if document.get("resourceType") == "DiagnosticReport":
        yield Resource(document, {})
    elif document.get("resourceType") == "Bundle":
        entries = [
            (entry, entry["resource"])
            for entry in items(document.get("entry"))
            if isinstance(entry.get("resource"), dict)
        ]
        beside = {
            f"{text_of(resource.get('resourceType'))}/{text_of(resource.get('id'))}": resource
            for _, resource in entries
        }
        beside |= {text_of(entry.get("fullUrl")): resource for entry, resource in entries}
        for _, resource in entries:
            if resource.get("resourceType") == "DiagnosticReport":
                yield Resource(resource, beside)
