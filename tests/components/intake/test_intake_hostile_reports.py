"""Hostile report files: whatever lies in them, each item is a report or a refusal with its reason, in little memory."""

import json
import time
import tracemalloc
from pathlib import Path

import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.errors import RefusedInputError
from components.intake import Reason
from components.intake._reports import reports_in
from components.intake._scan import Kind, kind_of

MESSAGE = (
    "MSH|^~\\&|RIS|H|R|H|20230511||ORU^R01|C1|P|2.5||||||8859/1\rPID|1||P123456^^^H^MR||Qz^Ann\r"
    "OBR|1|O1|F1|71045^XR CHEST|||20230510101500|||||||||||A1||||20230511||CR|F\r"
    "OBX|1|TX|GDT^REPORT||FINDINGS: Clear.\\.br\\IMPRESSION: None.||||||F\r"
    "OBX|2|ED|PDF||R^text^plain^Base64^SGk=\rNTE|1||x\r"
)
RESOURCE = {
    "resourceType": "DiagnosticReport",
    "id": "r1",
    "status": "final",
    "identifier": [{"type": {"coding": [{"code": "ACSN"}]}, "value": "A1"}],
    "subject": {"reference": "#p", "display": "Ann Qz"},
    "contained": [{"resourceType": "Patient", "id": "p", "identifier": [{"value": "P1"}], "name": [{"family": "Qz"}]}],
    "presentedForm": [{"contentType": "text/html", "data": "PHA+Q2xlYXIuPC9wPg=="}],
    "conclusion": "None.",
}
TABLE = "report_id,accession,patient_id,date,status,report\nR1,A1,P1,2023-05-10,F,Clear.\n"
# Small inputs at a time: the function-scoped folder is written over by each.
fuzzed = settings(max_examples=60, deadline=5000, suppress_health_check=[HealthCheck.function_scoped_fixture])


def read(path: Path, content: bytes, kind: Kind) -> None:
    path.write_bytes(content)
    kind_of(path)
    try:
        for item in reports_in(path, kind):
            assert (item.message is None) != (item.refusal is None)
            assert item.refusal is None or isinstance(item.refusal.reason, Reason)
            if item.message is not None:
                f"{item.message.sections}{item.message.names}{item.message.patient_id}".encode()
    except RefusedInputError as refusal:
        assert isinstance(refusal.reason, Reason)


def mutated(content: bytes) -> st.SearchStrategy[bytes]:
    """The content with pieces cut out, doubled, or replaced by others."""
    pieces = st.sampled_from(
        [b"|", b"^", b"~", b"\\", b"\r", b"\n", b'"', b"{", b"[", b"\0", b"\xff\xfe", b"MSH|", b","]
    )
    cut = st.tuples(st.integers(0, len(content)), st.integers(0, 30), st.one_of(pieces, st.binary(max_size=8)))

    def apply(cuts: list[tuple[int, int, bytes]]) -> bytes:
        result = content
        for start, length, other in cuts:
            result = result[:start] + other + result[start + length :]
        return result

    return st.lists(cut, min_size=1, max_size=4).map(apply)


@fuzzed
@given(content=st.one_of(st.binary(max_size=400), mutated(MESSAGE.encode())))
def test_any_bytes_as_hl7(content, tmp_path):
    read(tmp_path / "x", content, Kind.HL7)


@fuzzed
@given(content=st.one_of(st.binary(max_size=400), mutated(TABLE.encode())))
def test_any_bytes_as_csv(content, tmp_path):
    read(tmp_path / "x", content, Kind.CSV)


@fuzzed
@given(content=st.one_of(st.binary(max_size=400), mutated(json.dumps(RESOURCE).encode())))
def test_any_bytes_as_fhir(content, tmp_path):
    read(tmp_path / "x", content, Kind.FHIR)


_scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=10), st.sampled_from(["#p", "ACSN"]))
_keys = st.sampled_from([*RESOURCE, "coding", "code", "name", "given", "family", "reference", "div", "data", "result"])
_anything = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=4), max_leaves=12
)


@fuzzed
@given(changes=st.dictionaries(st.sampled_from([*RESOURCE, "basedOn", "result", "text"]), _anything, max_size=3))
def test_any_value_in_any_field_of_a_resource(changes, tmp_path):
    read(tmp_path / "x", json.dumps(RESOURCE | changes).encode(), Kind.FHIR)


@fuzzed
@given(data=st.data())
def test_any_bytes_in_a_structured_report(data, tmp_path, document):
    pydicom.dcmwrite(tmp_path / "good", document(), enforce_file_format=True)
    content = (tmp_path / "good").read_bytes()
    changed = data.draw(mutated(content[132:]))
    read(tmp_path / "x", content[:132] + changed, Kind.STRUCTURED_REPORT)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        pytest.param(b'{"resourceType":' + b"[" * 100_000, Kind.FHIR, id="deep JSON"),
        pytest.param(
            b'{"resourceType":"DiagnosticReport","id":' + b"9" * 100_000 + b"}", Kind.FHIR, id="a long number"
        ),
        pytest.param(
            b'{"resourceType":"DiagnosticReport","id":"\\ud800","status":"final"}', Kind.FHIR, id="half a letter"
        ),
        pytest.param(MESSAGE.encode() + b"a" * (20 << 20), Kind.HL7, id="an endless message"),
        pytest.param(MESSAGE.encode().replace(b"Clear.", b"IMPRESSION: x\n" * 60_000), Kind.HL7, id="an endless text"),
        pytest.param(
            json.dumps(RESOURCE | {"presentedForm": [], "text": {"div": "<p>" + "\u2003" * 200_000}}).encode(),
            Kind.FHIR,
            id="endless blanks",
        ),
        pytest.param(TABLE.encode() + b'R2,"' + b"a" * (20 << 20), Kind.CSV, id="an endless cell"),
        pytest.param(TABLE.encode() + b"\n" * 200_000, Kind.CSV, id="empty lines"),
        pytest.param(b"MSH|\r" * 20_000, Kind.HL7, id="nothing but beginnings"),
    ],
)
def test_extremes_end_soon(content, kind, tmp_path):
    started = time.monotonic()
    read(tmp_path / "x", content, kind)
    assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    ("head", "unit", "kind"),
    [
        (b"", MESSAGE.encode(), Kind.HL7),
        (TABLE.splitlines(keepends=True)[0].encode(), TABLE.splitlines(keepends=True)[1].encode(), Kind.CSV),
        (b"", json.dumps(RESOURCE).encode() + b"\n", Kind.FHIR),
    ],
)
def test_memory_does_not_grow_with_the_file(head, unit, kind, tmp_path):
    path = tmp_path / "long"
    peaks = []
    for count in (100, 600):
        path.write_bytes(head + unit * count)
        tracemalloc.start()
        assert sum(item.message is not None for item in reports_in(path, kind)) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + (2 << 20)


def test_a_document_of_endless_items_is_refused(document, tmp_path):
    ds = document()
    ds.ContentSequence[0].ContentSequence = [ds.ContentSequence[1]] * 5_001
    pydicom.dcmwrite(tmp_path / "x", ds, enforce_file_format=True)
    (item,) = reports_in(tmp_path / "x", Kind.STRUCTURED_REPORT)
    assert "more items" in str(item.refusal)
