"""The drawn chest: every finding changes both views where it belongs, and the two sites look different."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from components.findings import FINDINGS, Finding
from components.simulator import Site
from components.simulator._body import build_of
from components.simulator._chance import stream
from components.simulator._disease import Disease, Place, draw_disease
from components.simulator._hospital import Visit, _picture
from components.simulator._look import LOOKS
from components.simulator._views import frontal_view, lateral_view
from components.simulator._words import Projection

SHAPE = (128, 112)
RIGHT_BASE = Place(side=-1, level=0.8, depth=0.6, extent=0.6, strength=0.6, both=False, seed=3)
DRAWN = [finding for finding in FINDINGS if finding is not Finding.NO_FINDING]


def frontal(drawn, site=Site.PUBLISHED, key="x"):
    rng, build = stream(key, "picture"), build_of(key, female=False)
    return frontal_view(build, drawn, look=LOOKS[site], antero_posterior=False, shape=SHAPE, rng=rng)


def lateral(drawn):
    rng, build = stream("x", "picture"), build_of("x", female=False)
    return lateral_view(build, drawn, look=LOOKS[Site.PUBLISHED], shape=SHAPE, rng=rng)


@pytest.mark.parametrize("view", [frontal, lateral])
@pytest.mark.parametrize("finding", DRAWN)
def test_every_finding_is_seen_in_both_views(view, finding):
    plain, ill = view({}), view({finding: RIGHT_BASE})
    assert ill.dtype == np.float32
    assert ill.shape == SHAPE
    assert ill.min() >= 0
    assert ill.max() <= 1
    changed = np.abs(ill - plain) > 0.12
    assert changed.mean() > 0.004


@pytest.mark.parametrize("finding", [Finding.LUNG_LESION, Finding.PNEUMONIA, Finding.PLEURAL_EFFUSION])
def test_a_dense_finding_brightens_its_own_lung(finding):
    change = frontal({finding: RIGHT_BASE}) - frontal({})
    right, left = change[:, : SHAPE[1] // 2], change[:, SHAPE[1] // 2 :]
    assert right.mean() > 3 * abs(left.mean())


@pytest.mark.parametrize(
    ("finding", "place"),
    [
        (Finding.PLEURAL_EFFUSION, replace(RIGHT_BASE, extent=0.2)),
        (Finding.LUNG_LESION, replace(RIGHT_BASE, depth=0.8)),
        (Finding.PNEUMONIA, replace(RIGHT_BASE, depth=0.8)),
    ],
)
def test_what_lies_behind_heart_or_dome_is_left_to_the_lateral_view_where_there_is_one(finding, place):
    two, one = (Projection.PA, Projection.LATERAL), (Projection.PA,)

    def seen(view, views, drawn):
        visit = Visit(
            key="x", build=build_of("x", female=False), disease=Disease(drawn=drawn), facts=SimpleNamespace(views=views)
        )
        return _picture(visit, view, look=LOOKS[Site.LOCAL], size=128)

    def changed(view, views):
        return np.abs(seen(view, views, {finding: place}) - seen(view, views, {})).max()

    assert changed(Projection.PA, two) == 0
    assert changed(Projection.LATERAL, two) > 0.12
    assert changed(Projection.PA, one) > 0.12


def test_a_pneumothorax_is_blacker_than_lung():
    change = frontal({Finding.PNEUMOTHORAX: RIGHT_BASE}) - frontal({})
    assert change[20:50, 10:45].min() < -0.1


def test_devices_are_brighter_than_bone():
    device = frontal({Finding.SUPPORT_DEVICES: RIGHT_BASE})
    assert (device > 0.97).sum() > (frontal({}) > 0.97).sum() + 50


def test_the_local_site_shows_lungs_paler_and_softer():
    published = np.stack([frontal({}, Site.PUBLISHED, key=f"a{number}") for number in range(6)])
    local = np.stack([frontal({}, Site.LOCAL, key=f"a{number}") for number in range(6)])
    lungs = np.s_[:, 50:70, 25:40]
    assert np.median(local[lungs]) > np.median(published[lungs]) + 0.1


def test_chronic_findings_stay_longer_than_acute_ones():
    before = Disease(drawn={Finding.CARDIOMEGALY: RIGHT_BASE, Finding.PNEUMONIA: RIGHT_BASE})
    later = [draw_disease({}, healthy=0.5, before=before, key=f"k{number}") for number in range(300)]
    stays = {f: sum(f in disease.drawn for disease in later) for f in before.drawn}
    assert stays[Finding.CARDIOMEGALY] > stays[Finding.PNEUMONIA] + 50
