"""The page that a radiologist reads on, in a real browser: picture, filled form, report and where the model looked."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from browser import Page, chromium
from catalog_records import NOW, add_report, add_study, image, report, study
from PIL import Image
from servers import label_studio_server
from tiny_dicom import tiny_dicom
from upath import UPath

from components.catalog import Catalog, View
from components.findings import Assertion, Finding
from components.models import ModelConfig, StudyNet
from components.relabeling import (
    Purpose,
    ReadingProject,
    Task,
    Why,
    label_studio_token,
    pictures_folder,
    push,
)
from components.settings import Architecture, Settings
from tests.components.relabeling.readers import sign_up

pytestmark = [pytest.mark.server, pytest.mark.slow]

IMAGE = "2.25.1.1"
SUGGESTED = {Finding.EDEMA: Assertion.PRESENT, Finding.FRACTURE: Assertion.ABSENT}
LARGE = "[...document.images].some(each => each.naturalWidth === {} && each.clientWidth > 300)"
PICTURE, HEAT = 800, 448  # pixels across
TICKED = "document.querySelectorAll('.reading input:checked').length"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with label_studio_server(tmp_path_factory.mktemp("home")) as settings:
        yield settings


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    (tmp_path / "1.dcm").write_bytes(tiny_dicom(rows=960, columns=PICTURE))
    shades = np.add.outer(np.arange(64), np.arange(64)).astype(np.uint8)
    Image.fromarray(shades).save(tmp_path / "1.png")
    with Catalog.open(f"sqlite:///{tmp_path / 'catalog.db'}") as catalog:
        add_study(catalog, study("2.25.1"), [image(IMAGE, "2.25.1", dicom_key="1.dcm", input_key="1.png")])
        add_report(catalog, report(study="2.25.1", findings="Mild interstitial edema."))
        yield catalog


def pushed(settings: Settings, catalog: Catalog, store: Path, purpose: Purpose) -> str:
    """The address of the one task's page."""
    about = {Purpose.TRAINING: Why.DISAGREEMENT, Purpose.REFERENCE: Why.REFERENCE}
    task = Task(
        study="2.25.1",
        image=IMAGE,
        view=View.PA,
        score=0.8,
        why=about[purpose],
        finding=Finding.EDEMA,
        suggested=SUGGESTED,
        looked=Finding.EDEMA if purpose is Purpose.TRAINING else None,
    )
    token = label_studio_token(settings)
    with ReadingProject.open(settings.label_studio, token, purpose=purpose) as project:
        push(
            [task],
            project=project,
            catalog=catalog,
            store=UPath(store),
            pictures=pictures_folder(settings),
            model=StudyNet(ModelConfig(members=(Architecture.MOBILENETV2,), image_size=64, dropout=0.0)).eval(),
            model_version="7",
            now=NOW,
        )
        return f"{settings.label_studio.url}/projects/{project.id}/data?task={project.tasks()['2.25.1'].number}"


def shown(page: Page, name: str) -> None:
    """Keeps what the browser showed where RADLOOP_SCREENSHOTS names a folder to look at it."""
    if folder := os.environ.get("RADLOOP_SCREENSHOTS"):
        (Path(folder) / f"{name}.png").write_bytes(page.picture())


def test_the_task_page_shows_picture_filled_form_report_and_where_the_model_looked(
    settings: Settings, catalog: Catalog, tmp_path: Path
) -> None:
    address = pushed(settings, catalog, tmp_path, Purpose.TRAINING)
    reader = sign_up(settings, "page@readers.invalid")
    with chromium(width=1920) as page:
        page.log_in(settings.label_studio.url, reader.cookies)
        page.go(address)
        page.wait_for(LARGE.format(PICTURE))
        shown(page, "task")
        text = page.run("document.body.innerText")
        for words in ("Report and model contradict each other: Edema", "Mild interstitial edema.", "View: PA"):
            assert words in text
        assert page.wait_for(TICKED) == len(SUGGESTED)
        page.run("[...document.querySelectorAll('*')].findLast(e => e.innerText === 'Where the model looked').click()")
        page.wait_for(LARGE.format(HEAT))
        assert "Model 7: Edema" in page.run("document.body.innerText")
        shown(page, "heat")


def test_a_reading_for_the_reference_standard_shows_the_picture_alone(
    settings: Settings, catalog: Catalog, tmp_path: Path
) -> None:
    address = pushed(settings, catalog, tmp_path, Purpose.REFERENCE)
    reader = sign_up(settings, "reference@readers.invalid")
    with chromium(width=1920) as page:
        page.log_in(settings.label_studio.url, reader.cookies)
        page.go(address)
        page.wait_for(LARGE.format(PICTURE))
        text = page.run("document.body.innerText")
        shown(page, "reference")
    assert "please read the picture alone" in text
    assert "Mild interstitial edema." not in text
    assert "Where the model looked" not in text


def test_without_a_login_neither_page_nor_picture_is_shown(
    settings: Settings, catalog: Catalog, tmp_path: Path
) -> None:
    address = pushed(settings, catalog, tmp_path, Purpose.TRAINING)
    with chromium(width=1920) as page:
        page.go(f"{settings.label_studio.url}/user/login/")
        page.wait_for("document.readyState === 'complete' && location.pathname.includes('login')")
        for name in (f"{IMAGE}.png", f"{IMAGE}.7.edema.png"):
            picture = f"/data/local-files/?d={pictures_folder(settings).name}/{name}"
            assert page.run(f"fetch('{picture}').then(answer => answer.status)") == 401
        page.go(address)
        page.wait_for("location.pathname.startsWith('/user/login')")
        shown(page, "no-login")
