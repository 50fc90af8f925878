"""The report that a FHIR DiagnosticReport (R4, R4B, R5) holds.

Read by hand and not through fhir.resources: that has no plain R4, and refuses a whole resource for one field beside
the report that is not as it should be.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping

from components.intake._fhir_files import Resource
from components.intake._fhir_values import Json, codings, items, plain_text, text_of
from components.intake._message import (
    Part,
    ReportMessage,
    long_numbers,
    moment_of,
    patient_number,
    readable,
    sections_of,
    status_of,
)
from components.intake._reason import Reason, refused

_ACCESSION_TYPE = "ACSN"
_IMPRESSION_CODES = frozenset({"19005-8", "55110-1"})
_ASIDE_CODES = frozenset({"11329-0", "18785-6", "55752-0", "18834-2", "55111-9", "55114-3"})
_PEOPLE_FIELDS = frozenset({"subject", "patient", "performer", "resultsInterpreter", "author", "requester",
                            "practitioner", "generalPractitioner", "verifier", "recorder", "individual"})  # fmt: skip
_DEEPEST = 40


def report_of(resource: Resource) -> ReportMessage:
    """The report of one DiagnosticReport; RefusedInputError where it lacks a patient, a number, a status or text."""
    report = resource.report
    if not text_of(report.get("status")):
        raise refused(Reason.BAD_REPORT, "The DiagnosticReport has no status.")
    near = _Near(report, resource.beside)
    texts = list(_pieces(report, near))
    if not texts:
        _refuse_documents(report)
    period = report.get("effectivePeriod")
    when = report.get("effectiveDateTime") or (period.get("start") if isinstance(period, dict) else "")
    day, clock, _ = moment_of(text_of(when))
    patient, accession = _patient(report, near), _accession(report, near)
    named, numbered = _mentioned([report, *near.all()])
    return ReportMessage(
        report_id=_own_number(report),
        accession=accession,
        patient_id=patient,
        day=day,
        clock=clock,
        issued=moment_of(text_of(report.get("issued")))[2],
        status=status_of(text_of(report["status"])),
        sections=sections_of(texts),
        names=frozenset(named),
        identifiers=long_numbers(numbered),
    )


class _Near:
    """The resources that a report points to: contained in it, or beside it in its bundle."""

    def __init__(self, report: Json, beside: Mapping[str, Json]) -> None:
        self._beside = beside
        self._contained = {f"#{item.get('id')}": item for item in items(report.get("contained"))}
        self._followed: dict[int, Json] = {id(item): item for item in self._contained.values()}

    def follow(self, reference: object) -> Json | None:
        """The resource behind a reference, where it came along."""
        place = text_of(reference.get("reference")) if isinstance(reference, dict) else ""
        found = self._contained.get(place) or self._beside.get(place.split("/_history/")[0])
        if place and found is not None:
            self._followed[id(found)] = found
        return found if place else None

    def all(self) -> list[Json]:
        """Everything contained or followed so far."""
        return list(self._followed.values())


def _pieces(report: Json, near: _Near) -> Iterator[tuple[Part, str]]:
    """The whole report where it is presented as text, else what its observations say, else its narrative.

    The conclusion is the impression, where those do not hold it already.
    """
    texts = [(Part.WHOLE, text) for form in items(report.get("presentedForm")) if (text := _presented(form))]
    texts = texts or list(_observed(report, near))
    narrative = report.get("text")
    if not texts and isinstance(narrative, dict):
        texts = [(Part.WHOLE, plain_text(text_of(narrative.get("div"))))]
    yield from texts
    conclusion = text_of(report.get("conclusion"))
    if conclusion and conclusion not in "\n".join(text for _, text in texts):
        yield Part.IMPRESSION, conclusion


def _observed(report: Json, near: _Near) -> Iterator[tuple[Part, str]]:
    for reference in items(report.get("result")):
        observation = near.follow(reference) or {}
        text = text_of(observation.get("valueString"))
        if text:
            codes = {text_of(coding.get("code")) for coding in codings(observation.get("code"))}
            impression = Part.IMPRESSION if codes & _IMPRESSION_CODES else Part.WHOLE
            yield Part.ASIDE if codes & _ASIDE_CODES else impression, text


def _presented(form: Json) -> str:
    """The text of an attachment; empty where it is a document of another kind, or lies elsewhere."""
    kind, _, parameters = text_of(form.get("contentType")).casefold().partition(";")
    if kind.strip() not in ("text/plain", "text/html", "application/xhtml+xml", "text/markdown"):
        return ""
    charset = parameters.partition("charset=")[2].strip(" \"'") or "utf-8"
    try:
        content = base64.b64decode(text_of(form.get("data")))
        text = content.decode(charset, "replace")
    except (binascii.Error, ValueError, LookupError):
        return ""
    return readable(plain_text(text) if "html" in kind else text)


def _refuse_documents(report: Json) -> None:
    if items(report.get("presentedForm")):
        raise refused(
            Reason.BAD_REPORT,
            "The report is an embedded or linked document (PDF, RTF, …), not text: have its text sent as text/plain.",
        )


def _accession(report: Json, near: _Near) -> str:
    """The accession number, of the report itself, of its order or of its imaging study."""
    places: list[object] = [report]
    for name in ("basedOn", "imagingStudy", "study"):
        for reference in items(report.get(name)):
            places += [{"identifier": reference.get("identifier")}, near.follow(reference) or {}]
    return next((number for place in places if (number := _accession_in(place))), "")


def _accession_in(resource: object) -> str:
    for identifier in items(resource.get("identifier") if isinstance(resource, dict) else None):
        types = {text_of(coding.get("code")) for coding in codings(identifier.get("type"))}
        if _ACCESSION_TYPE in types or "accession" in text_of(identifier.get("system")).casefold():
            return text_of(identifier.get("value"))
    return ""


def _own_number(report: Json) -> str:
    numbers = (text_of(identifier.get("value")) for identifier in items(report.get("identifier")))
    accession = _accession_in(report)
    return next((number for number in numbers if number and number != accession), "") or text_of(report.get("id"))


def _patient(report: Json, near: _Near) -> str:
    """The medical record number, else the patient's number in the reference itself."""
    subject = report.get("subject")
    if not isinstance(subject, dict):
        return ""
    resource = near.follow(subject) or {}
    identifiers = [*items(resource.get("identifier")), *items(subject.get("identifier"))]
    typed = [
        (text_of(one.get("value")), next((text_of(coding.get("code")) for coding in codings(one.get("type"))), ""))
        for one in identifiers
    ]
    kind, _, number = text_of(subject.get("reference")).split("/_history/")[0].rpartition("/")
    return patient_number(typed) or (number if kind.endswith("Patient") else "")


def _mentioned(resources: list[Json]) -> tuple[set[str], set[str]]:
    """Every name of a person, and every number, address or institution, that the resources state anywhere."""
    names: set[str] = set()
    numbers: set[str] = set()
    waiting: list[tuple[str, object, int]] = [("", resource, 0) for resource in resources]
    while waiting:
        key, value, depth = waiting.pop()
        if isinstance(value, list):
            waiting += [(key, item, depth) for item in value]
        elif isinstance(value, dict) and depth < _DEEPEST:
            if key == "name":
                names.add(_person(value))
            elif key in _PEOPLE_FIELDS:
                names.add(text_of(value.get("display")))
            waiting += [(name, item, depth + 1) for name, item in value.items()]
            if key in ("identifier", "telecom"):
                numbers.add(text_of(value.get("value")))
        elif key in ("line", "city", "postalCode", "name") and isinstance(value, str):
            numbers.add(text_of(value))
    return names - {""}, numbers


def _person(name: Json) -> str:
    parts = name.get("given")
    given = " ".join(text_of(part) for part in parts) if isinstance(parts, list) else text_of(parts)
    return f"{text_of(name.get('family'))}^{given}".strip("^") or text_of(name.get("text"))
