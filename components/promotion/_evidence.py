"""The evidence of one release: what a predetermined change control plan asks for, from records alone."""

import json
import os
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import jinja2

from components.errors import StorageError
from components.evaluation import label_title, p_text
from components.findings import Finding
from components.promotion._evidence_management import data_management, impact, update_procedure
from components.promotion._evidence_method import modification, protocol
from components.promotion._evidence_model import model_card, security
from components.promotion._evidence_results import results
from components.promotion._evidence_types import Section
from components.promotion._records import ReleaseRecords

_P_VALUES = ("p", "Holm p")


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One release's evidence; `decision` and `sentence` are the gate's, None where it never judged."""

    site: str
    version: str
    decision: str | None
    sentence: str | None
    generated: datetime
    sections: tuple[Section, ...]

    def to_json(self) -> dict[str, Any]:
        """All of it, each figure with its source."""
        return {
            "site": self.site,
            "version": self.version,
            "decision": self.decision,
            "sentence": self.sentence,
            "generated": self.generated.isoformat(),
            "sections": [section.to_json() for section in self.sections],
        }


def gather_evidence(records: ReleaseRecords, *, now: datetime) -> Evidence:
    """The evidence of a version, in the sections that FDA's guidance on predetermined change control plans names."""
    verdict = records.verdict
    return Evidence(
        site=records.bundle.site,
        version=records.version,
        decision=None if verdict is None else str(verdict.body["decision"]),
        sentence=None if verdict is None else str(verdict.body["sentence"]),
        generated=now,
        sections=(
            modification(records),
            protocol(records),
            data_management(records),
            results(records),
            impact(records),
            update_procedure(records),
            security(records),
            model_card(records),
        ),
    )


def write_evidence(path: Path, evidence: Evidence) -> Path:
    """Writes one self-contained page, and the same as JSON beside it; gives the page.

    Raises:
        StorageError: a file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path.with_suffix(".json"), json.dumps(evidence.to_json(), indent=1, allow_nan=False) + "\n")
        _replace(path, _page(evidence))
    except OSError as error:
        raise StorageError(f"The evidence cannot be written: {error.strerror}.") from None
    return path


def _page(evidence: Evidence) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shown"] = shown
    return environment.get_template("evidence.html").render(evidence=evidence)


def shown(value: object, column: str = "") -> str:
    """A value of a column as people read it; undefined is –."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return p_text(value) if column in _P_VALUES else f"{value:.4g}".replace("-", "−")
    if isinstance(value, int):
        return f"{value:,}"
    text = str(value)
    return label_title(text) if text in set(Finding) else text


def _replace(path: Path, text: str) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".evidence-")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    Path(name).replace(path)
