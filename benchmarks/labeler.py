"""The labeller beside medspaCy and negspacy: F1 on 200 hand-read reports, reports a second, and NegBio's index.

CheXpert's own phrase files are not at hand: `_CHEXPERT` is written down from what is published of them (Irvin et al.
2019 and their repository's mention lists), last words open at the end as there ("opaci" finds opacities).
"""

import csv
import json
import os
import statistics
import subprocess
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from benchmarks._table import PEERS, machine, markdown
from components.findings import FINDINGS, Assertion, Finding
from components.labeler import LABELER_VERSION, label_report
from components.labeler._labeling import _remembered

ROUNDS = 3
FEWEST = 5
TIMED = 400  # reports for the slow ones
LEVELS = {"present": 1, "absent": 0, "uncertain": -1}
DATA = Path(os.environ.get("RADLOOP_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")) / "reports"

_CHEXPERT: Mapping[str, list[str]] = {
    "enlarged_cardiomediastinum": ["mediastinum", "cardiomediastinum", "contour", "mediastinal configuration",
        "mediastinal silhouette", "pericardial silhouette", "cardiac silhouette and vascularity"],
    "cardiomegaly": ["cardiomegaly", "the heart", "heart size", "cardiac enlargement", "cardiac size",
        "cardiac shadow", "cardiac contour", "cardiac silhouette", "enlarged heart"],
    "lung_lesion": ["mass", "nodular densit", "nodular opaci", "nodule", "lump", "cavitary lesion", "carcinoma",
        "neoplasm", "tumor"],
    "lung_opacity": ["opaci", "decreased translucency", "increased density", "airspace disease", "air space disease",
        "infiltrat", "interstitial marking", "interstitial pattern", "interstitial lung", "reticular pattern",
        "reticular marking", "reticulation", "parenchymal scar", "peribronchial thickening", "wall thickening", "scar"],
    "edema": ["edema", "heart failure", "chf", "vascular congestion", "pulmonary congestion", "indistinctness",
        "vascular prominence"],
    "consolidation": ["consolidat"],
    "pneumonia": ["pneumonia", "infection", "infectious process", "infectious"],
    "atelectasis": ["atelecta", "collapse"],
    "pneumothorax": ["pneumothora"],
    "pleural_effusion": ["pleural fluid", "effusion"],
    "pleural_other": ["pleural thickening", "fibrosis", "fibrothorax", "pleural scar", "pleural parenchymal scar",
        "pleuroparenchymal scar", "pleuropericardial scar"],
    "fracture": ["fracture"],
    "support_devices": ["pacer", "line", "picc", "tube", "valve", "catheter", "pacemaker", "hardware", "arthroplast",
        "marker", "icd", "defib", "device", "drain", "plate", "screw", "cannula", "apparatus", "coil", "support",
        "equipment", "mediport"],
}  # fmt: skip

# NegBio's document labels with an observation of the same name; the others (infiltration, mass, nodule, fibrosis,
# pleural thickening, emphysema, hernia) are drawn differently there and are not compared.
_NEGBIO = {
    "cardiomegaly": Finding.CARDIOMEGALY,
    "effusion": Finding.PLEURAL_EFFUSION,
    "pneumothorax": Finding.PNEUMOTHORAX,
    "edema": Finding.EDEMA,
    "consolidation": Finding.CONSOLIDATION,
    "atelectasis": Finding.ATELECTASIS,
    "pneumonia": Finding.PNEUMONIA,
}

Labels = dict[str, int]


class _Report(NamedTuple):
    findings: str
    impression: str
    row: dict[str, str]

    @property
    def text(self) -> str:
        return f"{self.findings}\n{self.impression}"

    def labels(self) -> Labels:
        """radloop's labels in CheXpert's codes."""
        said = label_report(self.findings, self.impression)
        return {finding.value: code for finding, one in said.items() if (code := one.code) is not None}


def run() -> str:
    """The tables; a sentence instead where the reports are missing."""
    if not (DATA / "gold.jsonl").is_file():
        return "Needs the real reports: set RADLOOP_SHARED_DATA."
    reports = _reports()
    gold = [json.loads(line) for line in (DATA / "gold.jsonl").read_text(encoding="utf-8").splitlines()]
    tables = [_beside_peers(reports, gold), _hostile(), _against_the_index(reports)]
    return f"{machine()}, labeller {LABELER_VERSION}.\n\n" + "\n\n".join(tables)


def _reports() -> dict[str, _Report]:
    with (DATA / "openi_reports.csv").open(encoding="utf-8", newline="") as file:
        return {row["report_id"]: _Report(row["findings"], row["impression"], row) for row in csv.DictReader(file)}


def _beside_peers(reports: Mapping[str, _Report], gold: list[dict]) -> str:
    read = [reports[one["report_id"]] for one in gold]
    some = list(reports.values())[:TIMED]
    speeds: dict[str, list[float]] = {"radloop": [], "medspaCy": [], "negspacy": []}
    found = {"radloop": [report.labels() for report in read]}
    for _ in range(ROUNDS):
        speeds["radloop"].append(_our_speed(list(reports.values())))
        for peer in ("medspaCy", "negspacy"):
            answer = _ask(peer, [report.text for report in (*some, *read)])
            speeds[peer].append((len(some) + len(read)) / answer["seconds"])
            found[peer] = answer["labels"][len(some) :]
    rows = [
        [name, *(f"{_macro_f1(gold, labels, level):.3f}" for level in LEVELS.values()),
         f"{statistics.median(speeds[name]):,.0f}", f"{_times(speeds, name):.0f}"]
        for name, labels in found.items()
    ]  # fmt: skip
    return markdown(["", *(f"F1 {level}" for level in LEVELS), "reports/s of CPU time", "radloop is × as fast"], rows)


def _times(speeds: Mapping[str, list[float]], name: str) -> float:
    return statistics.median(ours / theirs for ours, theirs in zip(speeds["radloop"], speeds[name], strict=True))


def _our_speed(reports: list[_Report]) -> float:
    """Reports a second of CPU time, each sentence read anew the first time it comes."""
    _remembered.cache_clear()
    start = time.process_time()
    for report in reports:
        report.labels()
    return len(reports) / (time.process_time() - start)


def _hostile() -> str:
    """CPU seconds for a megabyte that is no report."""
    repeated = ["opacity, effusion or ", "? ", "fracture is ", "normal heart is enlarged ", "blunted angle scar "]
    rows = []
    for words in repeated:
        text = words * (1_000_000 // len(words))
        start = time.process_time()
        label_report(text, "")
        rows.append([f"`{words}` again and again", f"{time.process_time() - start:.2f}"])
    return markdown(["a megabyte of", "seconds of CPU time"], rows)


def _ask(peer: str, texts: list[str]) -> dict:
    program = [str(PEERS), str(Path(__file__).with_name("_labeler_peers.py")), peer]
    asked = json.dumps({"phrases": _CHEXPERT, "texts": texts})
    done = subprocess.run(program, input=asked, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def _macro_f1(gold: list[dict], labels: list[Labels], level: int) -> float:
    """Mean over findings of one level's F1; findings with fewer than five gold cases are one."""
    cells = {
        finding: [
            (one["labels"].get(finding.value) == level, said.get(finding.value) == level)
            for one, said in zip(gold, labels, strict=True)
            if finding.value not in one.get("skip", [])
        ]
        for finding in FINDINGS
    }
    count = {finding: sum(truth for truth, _ in pairs) for finding, pairs in cells.items()}
    groups = [cells[finding] for finding in FINDINGS if count[finding] >= FEWEST]
    rare = [pair for finding in FINDINGS if count[finding] < FEWEST for pair in cells[finding]]
    if any(truth for truth, _ in rare):
        groups.append(rare)
    return statistics.fmean(map(_f1, groups))


def _f1(pairs: list[tuple[bool, bool]]) -> float:
    right = sum(truth and said for truth, said in pairs)
    wrong = sum(truth != said for truth, said in pairs)
    return 2 * right / (2 * right + wrong)


def _against_the_index(reports: Mapping[str, _Report]) -> str:
    """How NegBio's index and the labeller differ, by cause."""
    rows = [_index_row(name, finding, list(reports.values())) for name, finding in _NEGBIO.items()]
    agreement = markdown(
        ["index says present", "reports", "we say present", "we say uncertain", "we say neither", "found",
         "we alone say present", "we alone say uncertain"],
        rows,
    )  # fmt: skip
    return agreement + "\n\n" + _causes(list(reports.values()))


def _said(report: _Report, finding: Finding) -> Assertion:
    return label_report(report.findings, report.impression)[finding]


def _index_row(name: str, finding: Finding, reports: list[_Report]) -> list[object]:
    def count(indexed: bool, *wanted: Assertion) -> int:
        return sum((one.row[f"gold_{name}"] == "1") is indexed and _said(one, finding) in wanted for one in reports)

    present, uncertain = count(True, Assertion.PRESENT), count(True, Assertion.UNCERTAIN)
    neither = count(True, Assertion.ABSENT, Assertion.UNMENTIONED)
    whole = present + uncertain + neither
    found = f"{(present + uncertain) / whole:.3f}"
    return [name, whole, present, uncertain, neither, found, count(False, Assertion.PRESENT),
            count(False, Assertion.UNCERTAIN)]  # fmt: skip


def _causes(reports: list[_Report]) -> str:
    """Every difference from the index by its cause, one column an observation."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for name, finding in _NEGBIO.items():
        for report in reports:
            difference = _difference(report.row[f"gold_{name}"] == "1", _said(report, finding))
            if difference:
                counts[difference, _cause(name, difference, report.row["mesh_major"]), name] += 1
    causes = sorted({(difference, cause) for difference, cause, _ in counts})
    rows = [[*cause, *(counts[*cause, name] or "" for name in _NEGBIO)] for cause in causes]
    return markdown(["difference", "cause", *_NEGBIO], rows)


def _difference(indexed: bool, said: Assertion) -> str:
    if indexed:
        return "" if said is Assertion.PRESENT else "hedged" if said is Assertion.UNCERTAIN else "missed"
    return (
        "we alone: present" if said is Assertion.PRESENT else "we alone: hedged" if said is Assertion.UNCERTAIN else ""
    )


_OWN_TERM = {"effusion": "Pleural Effusion", "edema": "Pulmonary Edema"}  # elsewhere MeSH's term is NegBio's name
_CONGESTION = ("Congestion", "Heart Failure", "Blood Vessels")
_KIN = ("Cardiac Shadow", "Heart/", "Costophrenic", "Volume Loss", "Hydropneumothorax", "Thickening", "Cicatrix")


def _cause(name: str, difference: str, mesh: str) -> str:
    """Why NegBio's label and ours differ, as far as the report's own MeSH terms tell."""
    if difference == "missed":
        return "it means pericardial effusion" if "Pericardial Effusion" in mesh else "the text says the contrary"
    if difference == "hedged":
        return "the author hedges; NegBio has no middle"
    if _OWN_TERM.get(name, name.capitalize()) in mesh:
        return "the report's own MeSH terms name it, NegBio's label does not"
    if any(term in mesh for term in _CONGESTION) and name == "edema":
        return "indexed as congestion or heart failure"
    return "indexed under a kindred term" if any(term in mesh for term in _KIN) else "not indexed"
