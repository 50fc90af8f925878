"""The Data Docs: one page with every rule and figure that asks nobody for anything."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from components.errors import StorageError
from components.quality import check_retraining, write_data_docs
from tests.components.quality.test_quality_drift import _manifest

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_every_rule_is_on_the_page_and_the_page_fetches_nothing(tmp_path: Path) -> None:
    manifest = _manifest().iloc[:60]
    manifest.loc[0, "age"] = 91
    report = check_retraining(manifest, subject="snapshot <b>abc</b>")
    html = write_data_docs(tmp_path / "data-docs.html", report, generated=NOW).read_text()
    assert all(result.name.split(": ")[1] in html for result in report.results)
    assert "1 critical checks failed" in html
    assert "ExpectColumnValuesToBeBetween(column=&#39;age&#39;, min_value=0, max_value=90)" in html
    assert not re.search(r"https?://|src=|<script|<link", html)
    assert "<b>abc" not in html
    assert not re.search(r"\b[IPS]\d+\b", html)  # no row of the table


def test_a_page_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    report = check_retraining(_manifest().iloc[:60])
    with pytest.raises(StorageError, match="Data Docs cannot be written"):
        write_data_docs(tmp_path / "missing" / "data-docs.html", report, generated=NOW)
