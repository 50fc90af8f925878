"""Data Docs of one checkpoint: one page that opens anywhere and asks nobody for anything.

Great Expectations' own pages load scripts, styles and a counting picture from a dozen hosts and show nothing
without them.
"""

from datetime import datetime
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from components.errors import StorageError
from components.quality._report import CheckResult, QualityReport


def write_data_docs(page: Path, report: QualityReport, *, generated: datetime) -> Path:
    """Writes what was asked of the data and what was found, table by table, and gives the page's path.

    Raises:
        StorageError: the page cannot be written.
    """
    templates = Environment(loader=PackageLoader("components.quality", "."), autoescape=True, undefined=StrictUndefined)
    html = templates.get_template("data_docs.html").render(
        report=report, tables=_by_table(report.results), generated=f"{generated:%Y-%m-%d %H:%M %Z}"
    )
    try:
        page.write_text(html, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"The Data Docs cannot be written ({error.strerror or type(error).__name__}).") from None
    return page


def _by_table(results: tuple[CheckResult, ...]) -> dict[str, list[CheckResult]]:
    tables: dict[str, list[CheckResult]] = {}
    for result in results:
        tables.setdefault(result.name.split(": ", 1)[0], []).append(result)
    return tables
