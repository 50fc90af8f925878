"""A data-efficiency study as one self-contained HTML page: its curves, its gaps, its maps."""

from pathlib import Path

import jinja2

from components.errors import StorageError
from components.evaluation import _text as text
from components.evaluation._card_curves import efficiency_figure, map_figure, strategy_mark
from components.evaluation._efficiency import EfficiencyStudy


def write_efficiency_page(path: Path, study: EfficiencyStudy) -> Path:
    """Writes the page and gives its path; StorageError where that fails.

    No script, no outside request: style and drawings are inside the file.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"mark": strategy_mark}
    page = environment.get_template("efficiency.html").render(
        study=study,
        counts=sorted({point.images for point in study.curves.points}),
        figure=efficiency_figure(study.curves),
        maps=[(each, map_figure(each)) for each in study.maps],
        text=text,
    )
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"The page of the study cannot be written: {error.strerror}.") from None
    return path
