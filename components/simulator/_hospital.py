"""Writes the export of an invented hospital whose radiographs are drawn."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from components.findings import Finding
from components.simulator._body import Build, build_of
from components.simulator._canvas import Plane
from components.simulator._chance import happens, pick, stream, weighted
from components.simulator._disease import Disease, draw_disease, hidden_from_front
from components.simulator._export import Export, HospitalSummary
from components.simulator._headers import StudyFacts
from components.simulator._identities import Hospital, hospital_of, patient_of
from components.simulator._language import phrases
from components.simulator._look import LOOKS, Look, Site
from components.simulator._reports import drawn_report
from components.simulator._views import frontal_view, lateral_view
from components.simulator._visits import OPENED, at_least, site_named, study_facts
from components.simulator._words import Projection, Status

_DAYS = 700
_ASPECTS = (1.0, 0.94, 0.88, 0.82)
_STUDIES_A_PATIENT = ((1, 0.60), (2, 0.27), (3, 0.13))
_COURSES = (
    ((Status.FINAL,), 0.72),
    ((Status.PRELIMINARY, Status.FINAL), 0.18),
    ((Status.FINAL, Status.CORRECTED), 0.10),
)
_SMALLEST = 32


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One study to be drawn."""

    facts: StudyFacts
    build: Build
    disease: Disease
    key: str

    @property
    def lateral_only(self) -> tuple[Finding, ...]:
        """What only the lateral shows; without one the frontal shows all, as nobody could have reported it."""
        if Projection.LATERAL not in self.facts.views:
            return ()
        return tuple(finding for finding, place in self.disease.drawn.items() if hidden_from_front(finding, place))


def write_hospital(  # noqa: PLR0913  the command line's options
    out: Path,
    *,
    studies: int,
    seed: int,
    site: Site | str,
    size: int = 256,
    progress: Callable[[int, int], None] | None = None,
) -> HospitalSummary:
    """Writes `studies` drawn studies of the invented `site` below `out`; the same arguments give the same bytes.

    size: the stored pictures' longer side in pixels.

    Raises:
        ConfigurationError: an unknown site, no studies, or pictures too small to show a chest.
        StorageError: the folder cannot be written.
    """
    site = site_named(site)
    at_least(1, studies=studies)
    at_least(_SMALLEST, size=size)
    with Export(out, hospital_of(seed, site)) as export:
        for number, visit in enumerate(_visits(studies, seed=seed, site=site, hospital=export.hospital), 1):
            export.add_study(
                visit.facts, visit.disease.labels, site=site, key=visit.key, lateral_only=visit.lateral_only
            )
            for view in visit.facts.views:
                export.add_image(visit.facts, view, _picture(visit, view, look=LOOKS[site], size=size), key=visit.key)
            _report(export, visit)
            if progress is not None:
                progress(number, studies)
        return export.summary()


def _visits(studies: int, *, seed: int, site: Site, hospital: Hospital) -> Iterator[Visit]:
    """Patient after patient until there are `studies`."""
    person = 0
    while studies > 0:
        visits = list(_of_patient(f"{seed}/{site}/{person}", site=site, hospital=hospital))[:studies]
        yield from visits
        studies -= len(visits)
        person += 1


def _of_patient(key: str, *, site: Site, hospital: Hospital) -> Iterator[Visit]:
    """One patient's one to three studies over months."""
    rng, look = stream(key, "visits"), LOOKS[site]
    patient = patient_of(key)
    build = build_of(key, female=patient.sex == "F")
    when = OPENED + timedelta(days=int(rng.integers(_DAYS)), minutes=int(rng.integers(24 * 60)))
    disease: Disease | None = None
    for turn in range(weighted(rng, _STUDIES_A_PATIENT)):
        visit = f"{key}/{turn}"
        disease = draw_disease(look.rates, healthy=look.healthy, before=disease, key=visit)
        facts = study_facts(
            visit,
            patient=patient,
            hospital=hospital,
            when=when,
            site=site,
            frontal=Projection.AP if happens(rng, look.ap_share) else Projection.PA,
            lateral=happens(rng, look.lateral_share),
            indication=pick(rng, phrases()["indications"]),
        )
        yield Visit(facts=facts, build=build, disease=disease, key=visit)
        when += timedelta(days=int(rng.integers(3, 200)), minutes=int(rng.integers(24 * 60)))


def _picture(visit: Visit, view: Projection, *, look: Look, size: int) -> Plane:
    rng = stream(visit.key, "picture", view)
    aspect = pick(rng, _ASPECTS)
    shape = (
        (round(size * aspect), size) if view is Projection.AP and happens(rng, 0.4) else (size, round(size * aspect))
    )
    drawn = visit.disease.drawn
    if view is Projection.LATERAL:
        return lateral_view(visit.build, drawn, look=look, shape=shape, rng=rng)
    seen = {finding: place for finding, place in drawn.items() if finding not in visit.lateral_only}
    return frontal_view(visit.build, seen, look=look, antero_posterior=view is Projection.AP, shape=shape, rng=rng)


def _report(export: Export, visit: Visit) -> None:
    """Half of the reports as messages (some preliminary first, some corrected later), half as table rows."""
    rng = stream(visit.key, "channel")
    final = drawn_report(visit.facts, visit.disease, key=visit.key).text
    if happens(rng, 0.5):
        export.add_row(visit.facts, final)
        return
    course = weighted(rng, _COURSES)
    for turn, status in enumerate(course, 1):
        last = turn == len(course)
        text = final if last else drawn_report(visit.facts, visit.disease, omit=True, key=visit.key).text
        export.add_message(visit.facts, text, status=status, hours=5 * turn)
