"""The report card: one page that needs nothing from outside, says the verdict first and leaves nothing out."""

import dataclasses
import re

import pandas as pd
import pytest

from components.errors import StorageError
from components.evaluation import (
    CardChange,
    CurvePoint,
    DataCheck,
    Outcome,
    compare,
    write_report_card,
)
from components.findings import FINDINGS
from tests.components.evaluation.card_samples import (
    NAN,
    SETTINGS,
    assessment,
    comparison,
    full_card,
    picture,
)


@pytest.fixture(scope="module")
def card():
    return full_card()


@pytest.fixture
def page(tmp_path):
    def written(card, **changes):
        changed = dataclasses.replace(card, **changes)
        return write_report_card(tmp_path / "out" / "card.html", changed).read_text(encoding="utf-8")

    return written


def headings(html):
    return re.findall(r"<h2>(.*?)</h2>", html)


def test_nothing_is_asked_of_the_outside(card, page, tmp_path):
    html = page(card)
    assert not re.search(r"https?:|//\w|<script|<link|<iframe|@import|url\(", html)
    assert set(re.findall(r'(?:src|href)="(.{0,15})', html)) == {"data:image/jpeg"}
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["card.html"]


def test_a_full_card_with_large_pictures_stays_small(card, page):
    views = tuple(dataclasses.replace(view, plain=bytes(60_000), heat=bytes(60_000)) for view in picture(views=2).views)
    looks = tuple(dataclasses.replace(picture(), views=views) for _ in range(9))
    assert len(page(card, gallery=looks)) < 10_000_000


@pytest.mark.parametrize(
    ("outcome", "champion", "heading"),
    [
        (Outcome.PROMOTED, "3", "The new model is better: model 4 replaces model 3."),
        (Outcome.WAITS, "3", "model 4 may replace model 3 once a person approves."),
        (Outcome.REFUSED, "3", "The new model is refused: model 3 stays in service."),
        (Outcome.PROMOTED, None, "Model 4 is taken into service as this site’s first champion."),
        (Outcome.WAITS, None, "Model 4 passed, and waits for a person’s approval."),
        (Outcome.ASIDE, None, "Model 4 passed; the model in service stays there."),
        (Outcome.REFUSED, None, "Model 4 is not taken into service."),
    ],
)
def test_the_verdict_comes_first_then_why(card, page, outcome, champion, heading):
    html = page(card, outcome=outcome, champion=champion)
    assert f'<p class="stamp">{outcome.value.capitalize()}</p>' in html
    told = [html.index(words) for words in ("<body>", heading, "Pneumothorax fell.", "AUC by label")]
    assert told == sorted(told)
    assert ('class="refused"' in html) == (outcome is Outcome.REFUSED)


def test_every_section_is_there_in_the_order_of_what_matters(card, page):
    assert headings(page(card)) == [
        "What was decided, and why",
        "Difference in AUC, candidate minus champion",
        "AUC by label, before and after",
        "ROC curves",
        "Sensitivity and specificity at the thresholds",
        "How to read these figures",
        "Beside the radiologists",
        "Precision and calibration",
        "Do the probabilities mean what they say?",
        "For every kind of patient and picture?",
        "What local images buy",
        "How the networks see the studies",
        "Where the candidate looked",
        "Did it look where people saw the finding?",
        "Data",
        "What changed since the champion",
        "How the candidate was trained",
        "Training",
        "Settings and versions",
    ]


def test_sections_without_data_are_left_out(card, page):
    bare = dataclasses.replace(
        card.found, subgroups=(), calibration=None, operating=(), readers=(), labels=_without_auprc(card.found.labels)
    )
    parts = "differences changes training duo_training trials gallery pointing"
    nothing = dict.fromkeys(parts.split(), ())
    html = page(card, found=bare, efficiency=None, **nothing)
    assert headings(html) == [
        "What was decided, and why",
        "Difference in AUC, candidate minus champion",
        "AUC by label, before and after",
        "ROC curves",
        "How to read these figures",
        "Data",
        "Settings and versions",
    ]


def _without_auprc(labels):
    return tuple(dataclasses.replace(label, auprc_a=NAN, auprc_b=NAN) for label in labels)


def test_every_label_has_a_row_a_forest_row_and_its_curves(card, page):
    html = page(card)
    for finding in FINDINGS:
        assert html.count(f">{finding.title}<") >= 6  # forest, AUCs, ROC, thresholds, precision, reliability
    assert html.count('class="roc"') == 14 + 14
    assert "only one class: 0 positives, 240 negatives" in html
    overall = card.found.overall
    assert f"{overall.mean_auc_b:.3f}" in html
    for word in ("1,200", "ab" * 32, "labeler", "No image twice", "2 January 2026"):
        assert word in html


def test_figures_of_the_gate_are_on_the_page_as_they_are(card, page):
    html = page(card)
    point = next(point for point in card.found.operating if point.model == "B" and point.label == "edema")
    assert f"{point.sensitivity:.2f}<small>{point.sensitivity_ci.low:.2f}–{point.sensitivity_ci.high:.2f}" in html
    group = next(group for group in card.found.subgroups if group.group == "60 to 79")
    row = html[html.index(">60 to 79<") :][:400]
    assert f">{group.studies}</td>" in row
    assert f">{group.fewest}</td>" in row, "the smallest numbers are shown"
    for figure in (card.found.calibration.brier_b, card.found.calibration.ece_a):
        assert f"{figure:.3f}" in html
    assert "0.65<small>0.47–0.79" in html
    assert "too few" in html[html.index("Pictures with a box") :][:600]


def test_what_changed_since_the_champion_is_named(card, page):
    html = page(card)
    assert '<th scope="row">training.learning_rate</th><td>0.001</td><td>0.0005</td>' in html


def test_where_no_reader_drew_a_box_the_card_says_so(card, page):
    assert "No reader drew a box" in page(card, pointing=())
    assert "No reader drew a box" not in page(card)


def test_a_sites_first_model_is_shown_without_a_champion(card, page):
    html = page(card, champion=None, found=assessment(), max_label_loss=None, differences=())
    assert "Difference in AUC" not in html
    assert "Holm p" not in html
    assert "What changed since the champion" not in html
    assert "For every kind of patient and picture?" in headings(html)
    assert html.count('class="roc"') == 14 + 14


def test_names_from_files_cannot_become_markup(card, page):
    names = ("<script>alert(1)</script>", "a & b", "c")
    html = page(
        card,
        found=comparison(names),
        site='"; } </style><b>',
        settings={"<i>": "<u>"},
        checks=(DataCheck(name="<s>", passed=False, detail="<em>"),),
    )
    assert not re.search(r"<script|<u>|<s>|<em>|</style><b>", html)
    assert "a &amp; b" in html


def test_labels_that_readers_changed_are_named_and_many_are_counted(card, page):
    changes = tuple(
        CardChange(study=f"2.25.{n}", finding="edema", before="absent", after="present", by="R12") for n in range(45)
    )
    html = page(card, changes=changes)
    for words in ("readers changed", "2.25.0</code>", "<td>Edema</td><td>absent</td><td>present</td><td>R12</td>"):
        assert words in html
    assert "and 5 more." in html
    assert "2.25.44<" not in html


def test_a_comparison_in_which_nothing_is_defined_still_makes_a_page(card, page):
    table = pd.DataFrame({"edema": [0.0, 0.0], "fracture": [1.0, 1.0]})
    nothing = compare(table, table, table, settings=SETTINGS, seed=0)
    points = (CurvePoint(epoch=1, train_loss=0.5, validation_loss=NAN, validation_auc=NAN),)
    html = page(card, found=nothing, training=points, duo_training=points)
    assert "nothing is judged" in html
    assert not re.search(r"\bnan\b", html.lower())


def test_a_card_that_cannot_be_written_is_one_sentence(card, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="report card cannot be written"):
        write_report_card(tmp_path / "file" / "card.html", card)
