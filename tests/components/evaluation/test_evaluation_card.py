"""The report card: one page that needs nothing from outside and says the verdict first."""

import dataclasses
import re
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from components.errors import StorageError
from components.evaluation import (
    CardChange,
    CardClause,
    CardData,
    CurvePoint,
    DataCheck,
    GalleryPicture,
    SideSize,
    assess,
    compare,
    write_report_card,
)
from components.findings import FINDINGS
from components.settings import GateSettings

SETTINGS = GateSettings(bootstrap_draws=200)
NAN = float("nan")


def found(kind, labels=tuple(finding.value for finding in FINDINGS)):
    random = np.random.default_rng(0)
    truth = (random.random((200, len(labels))) < 0.3).astype(float)
    truth[:, 1], truth[5:, 2] = 0, 0
    tables = [
        pd.DataFrame(values, columns=list(labels))
        for values in (truth, truth + random.normal(size=truth.shape), 2 * truth + random.normal(size=truth.shape))
    ]
    if kind is assess:
        return assess(tables[0], tables[2], settings=SETTINGS, seed=0)
    return compare(*tables, settings=SETTINGS, seed=0)


@pytest.fixture
def card():
    return CardData(
        site="local",
        candidate="4",
        champion="3",
        promoted=True,
        sentence="The mean AUC rose by 0.1 (p = 0.001).",
        clauses=(
            CardClause(name="Mean AUC higher", passed=True, sentence="It rose."),
            CardClause(name="No label worse", passed=False, sentence="Pneumothorax fell."),
        ),
        found=found(compare),
        snapshot_hash="ab" * 32,
        sides=(SideSize(side="test", patients=1200, studies=1300, images=1400),),
        label_sources={"labeler": 900, "reader": 100},
        checks=(DataCheck(name="No image twice", passed=True, detail="0 of 1,400"),),
        settings={"alpha": "0.05"},
        versions={"radloop": "0.1.0"},
        generated=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
        max_label_loss=0.02,
        training=tuple(
            CurvePoint(
                epoch=n, train_loss=1 / n, validation_loss=abs(n - 3) + 0.5, validation_auc=NAN if n < 2 else 0.7
            )
            for n in range(1, 6)
        ),
        gallery=(GalleryPicture(png=b"\x89PNG", caption="Edema, study 2.25.1"),),
    )


def page(card, tmp_path):
    return write_report_card(tmp_path / "out" / "card.html", card).read_text(encoding="utf-8")


def test_nothing_is_asked_of_the_outside(card, tmp_path):
    html = page(card, tmp_path)
    assert not re.search(r"https?:|//\w|<script|<link|<iframe|@import|url\(", html)
    assert set(re.findall(r'(?:src|href)="(.{0,10})', html)) == {"data:image"}
    assert len(html) < 1_000_000
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["card.html"]


def test_the_verdict_comes_first_then_why(card, tmp_path):
    html = page(card, tmp_path)
    heading = html.index("The new model is better: model 4 replaces model 3.")
    assert html.index("<body>") < heading < html.index("Pneumothorax fell.") < html.index("AUC by label")
    refused = page(dataclasses.replace(card, promoted=False), tmp_path)
    assert "The new model is refused: model 3 stays in service." in refused
    assert "Promoted" not in refused


def test_every_label_has_a_row_a_forest_row_and_a_curve(card, tmp_path):
    html = page(card, tmp_path)
    for finding in FINDINGS:
        assert html.count(f">{finding.title}<") >= 3  # once more where the note below the table names it
    assert html.count('class="roc"') == 14
    assert html.count('class="curve candidate"') == 13 + 2  # one label has a single class; two training charts
    assert "only one class: 0 positives, 200 negatives" in html
    overall = card.found.overall
    assert f"{overall.mean_auc_b:.3f}" in html
    for word in ("1,200", "ab" * 32, "labeler", "No image twice", "2 January 2026", "data:image/png;base64,iVBORw=="):
        assert word in html


def test_a_sites_first_model_is_shown_without_a_champion(card, tmp_path):
    first = dataclasses.replace(card, champion=None, found=found(assess), training=(), gallery=())
    html = page(first, tmp_path)
    assert "first champion" in html
    assert "Holm p" not in html
    assert "Difference in AUC" not in html
    assert "Where the candidate looked" not in html
    assert html.count('class="curve candidate"') == 13


def test_names_from_files_cannot_become_markup(card, tmp_path):
    names = ("<script>alert(1)</script>", "a & b", "c")
    html = page(dataclasses.replace(card, found=found(compare, names)), tmp_path)
    assert "<script" not in html
    assert "a &amp; b" in html


def test_labels_that_readers_changed_are_named_and_many_are_counted(card, tmp_path):
    assert "readers changed" not in page(card, tmp_path)
    changes = tuple(
        CardChange(study=f"2.25.{n}", finding="edema", before="absent", after="present", by="R12") for n in range(45)
    )
    html = page(dataclasses.replace(card, changes=changes), tmp_path)
    for words in ("readers changed", "2.25.0</code>", "<td>Edema</td><td>absent</td><td>present</td><td>R12</td>"):
        assert words in html
    assert "and 5 more." in html
    assert "2.25.44<" not in html


def test_a_comparison_in_which_nothing_is_defined_still_makes_a_page(card, tmp_path):
    table = pd.DataFrame({"edema": [0.0, 0.0], "fracture": [1.0, 1.0]})
    nothing = compare(table, table, table, settings=SETTINGS, seed=0)
    points = (CurvePoint(epoch=1, train_loss=0.5, validation_loss=NAN, validation_auc=NAN),)
    html = page(dataclasses.replace(card, found=nothing, training=points), tmp_path)
    assert "nothing is judged" in html
    assert "nan" not in html.lower().replace("nano", "")


def test_a_card_that_cannot_be_written_is_one_sentence(card, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="report card cannot be written"):
        write_report_card(tmp_path / "file" / "card.html", card)
