"""Report cards of invented studies: every section filled, as the flows would fill it."""

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO

import numpy as np
import pandas as pd
from PIL import Image

from components.catalog import Box
from components.evaluation import (
    Assessment,
    CardClause,
    CardData,
    CardDifference,
    CardTrial,
    Comparison,
    CurvePoint,
    DataCheck,
    EfficiencyCurves,
    EfficiencyPoint,
    EfficiencyStudy,
    EmbeddingMap,
    GalleryPicture,
    GalleryView,
    Outcome,
    PointingRate,
    SideSize,
    against_readers,
    assess,
    compare,
)
from components.evaluation._interval import Interval
from components.findings import FINDINGS, Finding
from components.settings import GateSettings

LABELS = tuple(finding.value for finding in FINDINGS)
SETTINGS = GateSettings(bootstrap_draws=100, reliability_bins=5)
STUDIES = 240
NAN = float("nan")
_SHARES = (0.3, 0.3, 0.02, 0.4, 0.15, 0.1, 0.12, 0.25, 0.1, 0.3, 0.06, 0.2, 0.35, 0.3)


def _tables(labels: Sequence[str], gain: float) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Truth, champion's and candidate's probabilities; the second label has a single class, the third few positives."""
    random = np.random.default_rng(7)
    shares = np.resize(_SHARES, len(labels))
    truth = (random.random((STUDIES, len(labels))) < shares).astype(float)
    truth[:, 1:2] = 0
    studies = pd.Index([f"2.25.{number:04d}" for number in range(STUDIES)], name="study")
    noise, other = random.normal(size=(2, *truth.shape))

    def scored(strength: float) -> np.ndarray:
        return 1 / (
            1 + np.exp(-(np.log(shares / (1 - shares)) + strength * (2 * truth - 1) + 0.8 * noise + 0.6 * other))
        )

    tables = (truth, scored(0.9), scored(0.9 + gain))
    return tuple(pd.DataFrame(values, index=studies, columns=list(labels)) for values in tables)  # type: ignore[return-value]


def _groups(studies: pd.Index) -> pd.DataFrame:
    random = np.random.default_rng(1)
    columns = {
        "sex": ["F", "M", "not stated"],
        "age_band": ["18 to 39", "40 to 59", "60 to 79", "80 and over"],
        "view": ["AP", "PA"],
        "manufacturer": ["Invented Imaging", "A maker whose name is rather long and never ends GmbH & Co. KG"],
        "label_source": ["reader", "report"],
    }
    drawn = {name: random.choice(groups, len(studies)) for name, groups in columns.items()}
    return pd.DataFrame(drawn, index=studies).astype({"sex": object})


def comparison(labels: Sequence[str] = LABELS, *, gain: float = 0.8) -> Comparison:
    """Candidate against champion with everything that stands beside it; a negative gain makes it worse."""
    truth, champion, candidate = _tables(labels, gain)
    thresholds = {label: 0.3 if number % 5 else None for number, label in enumerate(labels)}
    patients = pd.Series([f"P{number // 2}" for number in range(STUDIES)], index=truth.index)
    random = np.random.default_rng(2)
    shown = list(labels[:4])
    readers = {
        name: truth[shown].where(random.random((STUDIES, len(shown))) > wrong, 1 - truth[shown])
        for name, wrong in (("R1", 0.1), ("R2", 0.2))
    }
    found = compare(
        truth,
        champion,
        candidate,
        patients=patients,
        groups=_groups(truth.index),
        thresholds_a=thresholds,
        thresholds_b=thresholds,
        settings=SETTINGS,
        seed=0,
    )
    read = against_readers(truth, candidate, readers, patients=patients, settings=SETTINGS, seed=0)
    return dataclasses.replace(found, readers=read)


def assessment(labels: Sequence[str] = LABELS) -> Assessment:
    """A first model alone."""
    truth, _, scores = _tables(labels, 0.8)
    thresholds = dict.fromkeys(labels, 0.3)
    return assess(truth, scores, groups=_groups(truth.index), thresholds=thresholds, settings=SETTINGS, seed=0)


def jpeg(side: int = 96) -> bytes:
    """A grey picture."""
    rows, columns = np.mgrid[:side, :side]
    file = BytesIO()
    Image.fromarray(((rows + columns) % 256).astype(np.uint8)).save(file, "JPEG")
    return file.getvalue()


def picture(*, agreed: bool = True, views: int = 1) -> GalleryPicture:
    """One study of the gallery, frontal and perhaps lateral, with a reader's box."""
    box = Box(finding=Finding.PNEUMOTHORAX, x=0.1, y=0.2, width=0.3, height=0.25)
    shown = [GalleryView(name=name, plain=jpeg(), heat=jpeg(), boxes=(box,)) for name in ("PA", "lateral")[:views]]
    return GalleryPicture(finding="Pneumothorax", probability=0.93, agreed=agreed, views=tuple(shown))


def efficiency() -> EfficiencyStudy:
    """Three strategies over six numbers of images; one training alone has no interval."""
    counts = (16, 32, 64, 128, 512, 2048)
    points = [
        EfficiencyPoint(
            strategy=strategy,
            images=count,
            repeats=3 if count < counts[-1] else 1,
            mean_auc=auc,
            low=auc - 0.03 if count < counts[-1] else NAN,
            high=auc + 0.03 if count < counts[-1] else NAN,
        )
        for strategy, start, rise in (
            ("linear head", 0.70, 0.02),
            ("non-linear head", 0.68, 0.03),
            ("fine-tuned", 0.55, 0.06),
        )
        for number, count in enumerate(counts)
        if (auc := start + rise * number)
    ]
    return EfficiencyStudy(
        site="local",
        base="1",
        generic="random",
        judged_by="validation",
        studies=210,
        patients=180,
        level=0.95,
        curves=EfficiencyCurves(points=tuple(points)),
        maps=(embedding_map("Generic weights"), embedding_map("The base model")),
    )


def embedding_map(title: str) -> EmbeddingMap:
    """Two clouds of studies."""
    random = np.random.default_rng(3)
    positive = random.random(300) < 0.3
    xy = (random.normal(size=(300, 2)) + 2.5 * positive[:, None]).astype(np.float32)
    return EmbeddingMap(title=title, xy=xy, label="pleural_effusion", positive=positive)


def full_card() -> CardData:
    """A promoted candidate's card with all that a card can show."""
    return CardData(
        site="local",
        candidate="4",
        champion="3",
        outcome=Outcome.PROMOTED,
        sentence="On 120 locked patients the mean AUC rose by 0.1 (95 % interval +0.05 to +0.15, p = 0.001).",
        clauses=(
            CardClause(name="Mean AUC higher", passed=True, sentence="It rose."),
            CardClause(name="No label worse", passed=False, sentence="Pneumothorax fell."),
        ),
        found=comparison(),
        snapshot_hash="ab" * 32,
        sides=(SideSize(side="test", patients=1200, studies=1300, images=1400),),
        label_sources={"labeler": 900, "reader": 100},
        checks=(DataCheck(name="No image twice", passed=True, detail="0 of 1,400"),),
        settings={f"training.setting_{number}": str(number) for number in range(40)},
        versions={"radloop": "0.1.0"},
        generated=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
        max_label_loss=0.02,
        differences=(
            CardDifference(name="studies", champion="1,100", candidate="1,300"),
            CardDifference(name="training.learning_rate", champion="0.001", candidate="0.0005"),
        ),
        efficiency=efficiency(),
        training=tuple(
            CurvePoint(
                epoch=n, train_loss=1 / n, validation_loss=abs(n - 3) + 0.5, validation_auc=NAN if n < 2 else 0.7
            )
            for n in range(1, 6)
        ),
        trials=(
            CardTrial(strategy="linear head", validation_auc=0.81, error=0.004, chosen=False),
            CardTrial(strategy="fine-tuned", validation_auc=0.84, error=0.0, chosen=True),
        ),
        gallery=(picture(), picture(views=2), picture(agreed=False)),
        pointing=(
            PointingRate(
                label="pneumothorax", n=4, hits=1, rate=0.25, rate_ci=Interval(0.05, 0.7), chance=0.2, judged=False
            ),
            PointingRate(
                label="All findings", n=31, hits=20, rate=0.645, rate_ci=Interval(0.47, 0.79), chance=0.22, judged=True
            ),
        ),
    )
