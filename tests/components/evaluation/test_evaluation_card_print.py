"""The report card in a browser and on paper: it asks nothing, everything fits, and the PDF is of A4 pages."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from components.evaluation import _print as printing
from components.evaluation import print_to_pdf, write_report_card
from tests.browser import chromium
from tests.components.evaluation.card_samples import full_card
from tests.loopback import isolating_prefix


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return write_report_card(tmp_path_factory.mktemp("card") / "report-card.html", full_card())


def test_the_page_asks_nothing_shows_every_picture_and_is_not_wider_than_the_window(page):
    with chromium(width=900, height=1200) as browser:
        browser.go(page.as_uri())
        browser.wait_for("document.readyState === 'complete' && document.images.length > 0")
        asked = browser.run("performance.getEntriesByType('resource').map(each => each.name.slice(0, 5))")
        assert set(asked) <= {"data:"}
        assert browser.run("[...document.images].every(image => image.naturalWidth > 0)")
        assert browser.run("document.documentElement.scrollWidth <= innerWidth")
        inside = "[...document.querySelectorAll('svg text')].every(text => {"
        inside += " const box = text.getBoundingClientRect(); return box.left >= 0 && box.right <= innerWidth; })"
        assert browser.run(inside)


@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed: run `make system-packages`")
def test_it_is_printed_on_a4_without_any_network(page):
    program = (
        f"from components.evaluation import print_to_pdf; from pathlib import Path; print_to_pdf(Path({str(page)!r}))"
    )
    command = [*(isolating_prefix() or []), "python", "-c", program]

    command[command.index("python")] = sys.executable
    subprocess.run(command, check=True, timeout=200)
    pdf = page.with_suffix(".pdf")
    content = pdf.read_bytes()
    assert content.startswith(b"%PDF")
    assert len(content) < 10_000_000
    sizes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", content)
    assert 8 < len(sizes) < 20
    assert all((round(float(w)), round(float(h))) == (595, 842) for w, h in sizes)
    pdf.unlink()


def test_without_a_browser_there_is_no_pdf_and_the_log_says_what_to_do(page, monkeypatch, caplog):
    monkeypatch.setenv("PATH", "")
    with caplog.at_level("INFO"):
        assert print_to_pdf(page) is None
    assert "open the page and print it" in caplog.text
    assert not page.with_suffix(".pdf").exists()


@pytest.mark.parametrize("script", ["exit 3", "exit 0", "sleep 60"])
def test_a_browser_that_fails_stops_nothing(page, monkeypatch, caplog, tmp_path, script):
    broken = tmp_path / "chromium"
    broken.write_text(f"#!/bin/sh\n{script}\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(printing, "_SECONDS", 1)
    assert print_to_pdf(page) is None
    assert "The PDF of report-card.html was not made" in caplog.text
    assert Path(page).exists()
