"""A release's evidence says what the records say, where each value comes from, and what is not on record."""

import json
import re
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from components.evaluation import assess, compare, subgroup_frame
from components.findings import FINDINGS, Finding
from components.promotion import (
    Alias,
    Approval,
    Ledger,
    LedgerKind,
    MoveState,
    RegisteredModel,
    ReleaseRecords,
    bundle_hash,
    decide,
    decide_first,
    gather_evidence,
    parsed,
    read_bundle,
    take_look,
    write_bill_of_materials,
    write_evidence,
    write_results,
)
from components.settings import GateSettings

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SETTINGS = GateSettings(bootstrap_draws=400)
COLUMNS = [finding.value for finding in FINDINGS]
TITLES = [
    "Description of the modification",
    "Modification protocol",
    "Data management",
    "Performance on the locked patients",
    "Impact assessment",
    "Update procedure and approval",
    "Cybersecurity",
    "Model card",
]


def figures(studies=300):
    random = np.random.default_rng(0)
    truth = (random.random((studies, 14)) < 0.25).astype(float)
    truth[5:, FINDINGS.index(Finding.FRACTURE)] = 0
    scores = [expit(more * truth + random.normal(size=truth.shape) - 1) for more in (0.5, 2.0)]
    names = [f"2.25.{number}" for number in range(studies)]
    tables = [pd.DataFrame(values, index=names, columns=COLUMNS) for values in (truth, *scores)]
    rows = pd.DataFrame(
        {
            "study": names,
            "view": random.choice(["PA", "AP"], studies),
            "sex": random.choice(["F", "M"], studies),
            "age": random.integers(20, 90, studies),
            "manufacturer": "Invented",
            "source": "labeler",
        }
    )
    return tables, subgroup_frame(rows)


def snapshot(site="local", patients=240):
    return {
        "format": 1, "size": 32, "images": 420, "studies": {"train": 200, "validation": 60, "test": 90},
        "patients": {"train": patients, "validation": 40, "test": 60}, "sources": {"labeler": 340, "reader": 10},
        "origin": {"site": site, "seed": 7, "uncertain": "soft", "preprocessing": "1", "labelers": ["7"], "split": {}},
    }  # fmt: skip


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger.jsonl")


@pytest.fixture
def records(tmp_path, ledger, make_bundle):
    """Version 2, compared with version 1, approved and promoted."""
    (truth, a, b), groups = figures()
    facts = {"candidate": "2", "champion": "1", "studies": 300, "checks": {"made": 12, "failed": ["age: share"]}}
    look = take_look(ledger, site="local", patients=300, settings=SETTINGS, facts=facts, now=NOW)
    found = compare(truth, a, b, groups=groups, thresholds_b=dict.fromkeys(COLUMNS, 0.5), settings=SETTINGS, seed=0)
    verdict = decide(found, SETTINGS, look=look, checks_passed=True)
    body = {"version": "2", "champion": "1", **verdict.to_json()}
    ledger.append(LedgerKind.VERDICT if verdict.promoted else LedgerKind.REFUSAL, body, NOW)
    approval = Approval(approver="Quality officer", words="seen <b>and</b> agreed")
    ledger.append(LedgerKind.APPROVAL, {"version": "2", **approval.to_json()}, NOW)
    for state in (MoveState.BEGUN, MoveState.DONE):
        ledger.append(LedgerKind.PROMOTION, {"version": "2", "state": state.value}, NOW)
    bundle = make_bundle(base_version="1")
    return ReleaseRecords(
        model=RegisteredModel(version="2", run_id="f" * 32, created=NOW, aliases=(Alias.CHAMPION,), tags={}),
        bundle=read_bundle(bundle),
        bundle_sha256=bundle_hash(bundle),
        config=json.loads((bundle / "config.json").read_bytes()),
        parameters={"training.epochs": "6", "seed": "7"},
        snapshot=snapshot(),
        profile={"mix": {"sex": {"F": 150, "M": 150}}},
        results=parsed(write_results(tmp_path / "results.json", found).read_bytes()),
        materials=parsed(write_bill_of_materials(tmp_path / "bill.json", "0.1.0").read_bytes()),
        champion_parameters={"training.epochs": "4", "seed": "7"},
        champion_snapshot=snapshot("published", patients=111),
        entries=ledger.entries(),
    )


def as_text(section):
    return json.dumps(section)


def test_every_section_of_the_plan_is_there_and_every_value_names_its_record(records):
    found = gather_evidence(records, now=NOW).to_json()
    assert [section["title"] for section in found["sections"]] == TITLES
    for section in found["sections"]:
        assert section["facts"] or section["tables"]
        assert all(fact["source"] for fact in section["facts"])
        assert all(table["source"] and table["columns"] for table in section["tables"])
        assert all(len(row) == len(table["columns"]) for table in section["tables"] for row in table["rows"])
        assert section["missing"] == ()
    json.dumps(found, allow_nan=False)


def test_it_says_what_changed_by_which_criteria_who_approved_and_what_is_not_known(records):
    parts = {section["title"]: as_text(section) for section in gather_evidence(records, now=NOW).to_json()["sections"]}
    assert '["training.epochs", "4", "6"]' in parts["Description of the modification"]
    assert '["patients, train", 111, 240]' in parts["Description of the modification"]
    assert '["seed"' not in parts["Description of the modification"]
    assert '["max_label_loss", 0.02]' in parts["Modification protocol"]
    assert "ledger entry 0 (" in parts["Modification protocol"]
    assert "age: share" in parts["Data management"]
    assert "Mean AUC higher" in parts["Performance on the locked patients"]
    assert "Fracture" in parts["Impact assessment"]
    assert '"sex", "F"' in parts["Impact assessment"]
    assert "Quality officer" in parts["Update procedure and approval"]
    assert '"pydantic"' in parts["Cybersecurity"]
    assert '"name": "Not judged: too few positives", "value": "Fracture"' in parts["Model card"]


def test_what_is_not_on_record_is_named(records, ledger):
    from dataclasses import replace

    bare = replace(
        records, snapshot=None, profile=None, results=None, materials=None, champion_parameters=None,
        champion_snapshot=None, entries=(),
    )  # fmt: skip
    found = gather_evidence(bare, now=NOW)
    missing = {section.title: section.missing for section in found.sections}
    assert found.decision is None
    assert missing["Modification protocol"] == ("no look at locked patients is in the ledger",)
    assert missing["Data management"] == ("the snapshot's record",)
    assert missing["Performance on the locked patients"] == ("a verdict of the gate", "the results of the look")
    assert missing["Cybersecurity"] == ("the bill of materials",)


def test_the_page_stands_alone_and_the_json_says_the_same(records, tmp_path):
    found = gather_evidence(records, now=NOW)
    page = write_evidence(tmp_path / "out" / "version-2.html", found)
    text = page.read_text()
    assert not re.search(r"(src|href)=[\"'](?!#)|@import|<script", text)
    assert "seen &lt;b&gt;and&lt;/b&gt; agreed" in text
    assert found.sentence.split("(")[0] in text
    assert json.loads(page.with_suffix(".json").read_text()) == json.loads(json.dumps(found.to_json()))
    assert page.stat().st_size < 500_000


def test_a_first_models_evidence_has_its_assessment(records, tmp_path):
    from dataclasses import replace

    (truth, _, b), groups = figures()
    ledger = Ledger(tmp_path / "first.jsonl")
    facts = {"candidate": "2", "champion": None, "studies": 300, "checks": {"made": 12, "failed": []}}
    look = take_look(ledger, site="local", patients=300, settings=SETTINGS, facts=facts, now=NOW)
    found = assess(truth, b, groups=groups, thresholds=dict.fromkeys(COLUMNS, 0.5), settings=SETTINGS, seed=0)
    verdict = decide_first(found, look=look, checks_passed=True)
    ledger.append(LedgerKind.VERDICT, {"version": "2", "champion": None, **verdict.to_json()}, NOW)
    first = replace(
        records, results=parsed(write_results(tmp_path / "first.json", found).read_bytes()), champion_parameters=None,
        champion_snapshot=None, entries=ledger.entries(),
    )  # fmt: skip
    page = write_evidence(tmp_path / "first.html", gather_evidence(first, now=NOW)).read_text()
    assert "Mean AUC above chance" in page
    assert "Not on record" not in page


def test_the_bill_of_materials_is_cyclonedx_with_what_is_installed(tmp_path):
    bill = json.loads(write_bill_of_materials(tmp_path / "bill.json", "0.1.0").read_text())
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["component"]["version"] == "0.1.0"
    numpy = next(each for each in bill["components"] if each["name"] == "numpy")
    assert numpy["version"] == np.__version__
    assert numpy["purl"] == f"pkg:pypi/numpy@{np.__version__}"
    assert re.fullmatch("[0-9a-f]{64}", numpy["hashes"][0]["content"])
