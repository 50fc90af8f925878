"""The demo's radiologist: reads studies of the invented hospital, knowing the truth, through Label Studio's own API."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from components.catalog import Catalog
from components.deidentify import open_identities
from components.errors import ServerError
from components.findings import FINDINGS
from components.relabeling import Task, label_studio_token
from components.settings import Settings


def read_some(queue: Sequence[Task], settings: Settings, *, truth: Path) -> None:
    """Submits one annotation a study, as a person at the page would.

    Raises:
        ServerError: Label Studio refused one.
    """
    known = _truth(truth, settings)
    with Catalog.open(settings.catalog.get_secret_value()) as catalog:
        tasks = catalog.relabel_tasks(settings.label_studio.project).set_index("study")["task"]
    headers = {"Authorization": f"Token {label_studio_token(settings).get_secret_value()}"}
    with httpx.Client(base_url=settings.label_studio.url, headers=headers, timeout=60, trust_env=False) as client:
        for task in queue:
            answer = client.post(f"/api/tasks/{tasks[task.study]}/annotations/", json={"result": known[task.study]})
            if not answer.is_success:
                raise ServerError(f"Label Studio refused a reading with status {answer.status_code}; see its log.")


def _truth(file: Path, settings: Settings) -> dict[str, list[dict[str, Any]]]:
    """Pseudonymous study → the filled form."""
    with open_identities(settings) as identities, file.open(newline="") as rows:
        return {
            identities.pseudonymiser.uid(row["study_uid"]): [
                {
                    "from_name": finding.value,
                    "to_name": "image",
                    "type": "choices",
                    "value": {"choices": ["positive" if row[finding.value] == "1" else "negative"]},
                }
                for finding in FINDINGS
            ]
            for row in csv.DictReader(rows)
        }
