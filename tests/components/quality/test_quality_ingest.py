"""The checks after an ingest: what is critical, what is only told, and that no row's value is ever told."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from catalog_records import add_report, add_study, event, image, report, study

from components.catalog import Catalog, View
from components.errors import DataQualityError
from components.findings import FINDINGS
from components.quality import QualityReport, Severity, check_ingest


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with Catalog.open(f"sqlite:///{tmp_path / 'catalog.db'}") as opened:
        yield opened


def _add(catalog: Catalog, number: int, **other: Any) -> None:
    name = f"S{number}"
    add_study(
        catalog,
        study(name, patient=f"P{number}", **other),
        [image(f"I{number}", name), image(f"L{number}", name, view=View.LATERAL)],
    )
    add_report(catalog, report(f"R{number}", patient=f"P{number}", accession=f"A-{name}"))
    catalog.link_reports()
    catalog.append_label_events([event(f"{name}-{finding}", name, finding=finding) for finding in FINDINGS])


def _failed(report: QualityReport) -> dict[str, str]:
    return {result.name: result.sentence for result in report.results if not result.passed}


def test_sound_data_pass_every_check(catalog: Catalog) -> None:
    for number in range(3):
        _add(catalog, number)
    checks = check_ingest(catalog, "local")
    assert _failed(checks) == {}
    assert checks.passed
    checks.raise_if_critical()
    assert len({result.name for result in checks.results}) == len(checks.results) > 20
    assert checks.as_json()[0] == {
        "name": "studies: studies present",
        "severity": "warning",
        "passed": True,
        "sentence": "There are 3 studies.",
    }


def test_an_empty_catalog_is_told_and_nothing_more(catalog: Catalog) -> None:
    checks = check_ingest(catalog, "local")
    assert _failed(checks) == {"studies: studies present": "There are 0 studies."}
    assert checks.passed


def test_an_impossible_age_stops_the_work_without_being_told(catalog: Catalog) -> None:
    _add(catalog, 0)
    _add(catalog, 1, age=117)
    checks = check_ingest(catalog, "local")
    assert [result.name for result in checks.failures] == ["studies: age in range"]
    with pytest.raises(
        DataQualityError, match=r"site 'local' failed .* In 1 of 2 rows 'age' is outside 0\.\.90"
    ) as caught:
        checks.raise_if_critical()
    told = str(caught.value) + str(checks.as_json())
    assert "117" not in told
    assert "P1" not in told


def test_what_is_incomplete_or_odd_is_only_told(catalog: Catalog) -> None:
    _add(catalog, 0)
    for number in (1, 2):
        side = image(f"I{number}", f"S{number}", view=View.LATERAL, sha256="same", rows=8)
        add_study(catalog, study(f"S{number}", date=None, modality="CT"), [side])
    checks = check_ingest(catalog, "local")
    assert checks.passed
    assert {result.severity for result in checks.warnings} == {Severity.WARNING}
    assert _failed(checks) == {
        "studies: date filled": "In 1 of 3 rows 'date' is filled; at least 90% must be.",
        "studies: modality known": "In 2 of 3 rows 'modality' is none of CR, DX.",
        "studies: with a frontal image": "1 of 3 studies have a frontal image; at least 80% should.",
        "studies: with a report": "1 of 3 studies have a report; at least 50% should.",
        "images: sha256 unique": "In 2 of 4 rows 'sha256' is that of another row as well.",
        "images: rows in range": "In 2 of 4 rows 'rows' is outside 64..16384.",
    }


def test_the_share_of_reports_is_settable(catalog: Catalog) -> None:
    add_study(catalog, study(date=date(2024, 1, 1)), [image()])
    assert "studies: with a report" not in _failed(check_ingest(catalog, "local", least_reported=0))


def test_what_came_unlabelled_is_told(catalog: Catalog) -> None:
    add_study(catalog, study(), [image()])
    add_report(catalog, report())
    catalog.link_reports()
    assert list(_failed(check_ingest(catalog, "local"))) == ["studies: labelled where reported"]


def test_a_column_of_a_wrong_type_fails_its_check(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    _add(catalog, 0)
    sound = catalog.studies
    monkeypatch.setattr(
        catalog, "studies", lambda site: sound(site).assign(age=pd.Series(["secret-marker"], dtype="object"))
    )
    checks = check_ingest(catalog, "local")
    assert [result.name for result in checks.failures] == ["studies: age in range"]
    assert "could not be made" in checks.failures[0].sentence
    assert "secret-marker" not in str(checks.as_json())


@pytest.mark.slow
def test_it_is_silent_and_leaves_warnings_as_they_were(tmp_path: Path) -> None:
    program = f"""
import logging, sys, warnings
from components.catalog import Catalog
from components.quality import check_ingest
assert "great_expectations" not in sys.modules
filters, show = list(warnings.filters), warnings.showwarning
check_ingest(Catalog.open("sqlite:///{tmp_path / "catalog.db"}"), "local")
assert warnings.filters == filters and warnings.showwarning is show
assert not logging.getLogger().handlers
assert "posthog" not in sys.modules  # through which its analytics leave
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert {path.name.split("-")[0] for path in tmp_path.iterdir()} == {"catalog.db"}
