"""A page on paper: printed to PDF by the Chromium of this machine, where there is one."""

import logging
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

_log = logging.getLogger(__name__)

_BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "microsoft-edge-stable")
_SECONDS = 120
_ALONE = (
    "--headless",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--host-resolver-rules=MAP * ~NOTFOUND",  # whatever a browser likes to ask of the world: it reaches nothing
)


def print_to_pdf(page: Path) -> Path | None:
    """The page as PDF beside it; None where no browser is installed or it fails, which the log tells.

    A missing print never stops a run: the page itself says the same, and any browser prints it.
    """
    browser = next((found for name in _BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        _log.info("There is no Chromium here, hence no PDF of %s: open the page and print it.", page.name)
        return None
    with tempfile.TemporaryDirectory(prefix="rl-print-", ignore_cleanup_errors=True) as folder:
        printed = Path(folder) / "page.pdf"
        try:
            _run(browser, page, printed, Path(folder) / "profile")
            return Path(shutil.move(printed, page.with_suffix(".pdf")))
        except (OSError, subprocess.SubprocessError) as error:
            _log.warning(
                "The PDF of %s was not made (%s): open the page and print it.", page.name, type(error).__name__
            )
            return None


def _run(browser: str, page: Path, pdf: Path, profile: Path) -> None:
    """CalledProcessError, TimeoutExpired or no file where it fails."""
    options = [*_ALONE, f"--user-data-dir={profile}", "--no-pdf-header-footer", f"--print-to-pdf={pdf}"]
    if os.geteuid() == 0:
        options.append("--no-sandbox")  # Chromium's sandbox refuses to run as root; the page has no script
    subprocess.run(  # noqa: S603  # a browser from PATH on a page of our own
        [browser, *options, page.absolute().as_uri()], check=True, capture_output=True, timeout=_SECONDS
    )
