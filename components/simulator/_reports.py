"""A radiologist's report on one study: headings, sentences, calls and signature."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from components.findings import Finding
from components.simulator._chance import happens, pick, stream
from components.simulator._disease import Disease, Place
from components.simulator._headers import StudyFacts
from components.simulator._identities import Hospital, Person
from components.simulator._language import absent_sentences, finding_sentence, phrases
from components.simulator._words import Statement

_OMITTED = 0.03
_HEDGED = 0.08
_HEDGED_ABSENT = 0.02
_DOUBTED = frozenset(
    {
        Finding.ENLARGED_CARDIOMEDIASTINUM,
        Finding.CARDIOMEGALY,
        Finding.PNEUMOTHORAX,
        Finding.PLEURAL_EFFUSION,
        Finding.PLEURAL_OTHER,
        Finding.FRACTURE,
    }
)
"""What may be left open though it is not there: nothing of the lung itself, whose sentences would imply an opacity."""
_DATES = ("%m/%d/%Y", "%d.%m.%Y", "%Y-%m-%d", "%B %d, %Y", "%d %b %Y")


@dataclass(frozen=True, kw_only=True)
class Report:
    """A report's sections and the whole text as written."""

    indication: str
    findings: str
    impression: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Style:
    """One radiologist's habits."""

    capitals: bool
    numbered: bool
    dates: str
    title_case: bool
    exam: bool
    signs: bool


def style_of(radiologist: Person, hospital: Hospital) -> Style:
    """The habits of one of the hospital's radiologists; its first one writes in capitals."""
    rng = stream("style", radiologist.key)
    return Style(
        capitals=radiologist is hospital.radiologists[0],
        numbered=happens(rng, 0.5),
        dates=pick(rng, _DATES),
        title_case=happens(rng, 0.3),
        exam=happens(rng, 0.5),
        signs=happens(rng, 0.6),
    )


def drawn_report(study: StudyFacts, disease: Disease, *, omit: bool = False, key: str) -> Report:
    """The report on a drawn study; `omit` leaves one present finding out (what a correction then adds)."""
    rng = stream(key, "report")
    stated = _stated(disease, rng)
    if omit and stated:
        stated.pop(pick(rng, sorted(stated)))
    body, summary = _positive(disease, stated, rng)
    body += _negative(disease, stated, rng)
    body = [body[int(index)] for index in rng.permutation(len(body))] if happens(rng, 0.4) else body
    if not summary:
        summary = [pick(rng, phrases()["nothing"])]
    return written(study, indication=_indication(study, rng), findings=" ".join(body), impression=summary, rng=rng)


def written(
    study: StudyFacts, *, indication: str, findings: str, impression: list[str], rng: np.random.Generator
) -> Report:
    """The sections put under the radiologist's headings, with the people and numbers that reports name."""
    style = style_of(study.radiologist, study.hospital)
    numbered = style.numbered and len(impression) > 1
    concluded = (
        "\n".join(f"{number}. {line}" for number, line in enumerate(impression, 1))
        if numbered
        else " ".join(impression)
    )
    if happens(rng, 0.22):
        concluded += "\n" + _call(study, style, rng)
    parts = [("Exam", f"Chest radiograph, {len(study.views)} view(s), {study.when.strftime(style.dates)}")] * style.exam
    parts += [("Indication", indication), ("Comparison", _comparison(study, style, rng))]
    parts += [("Findings", findings), ("Impression", concluded)]
    blocks = [_headed(title, content, style) for title, content in parts if content]
    if style.signs:
        blocks.append(_signature(study, style, rng))
    text = "\n\n".join(blocks)
    return Report(
        indication=indication,
        findings=findings,
        impression=concluded,
        text=text.upper() if style.capitals else text,
    )


def _stated(disease: Disease, rng: np.random.Generator) -> dict[Finding, Statement]:
    """Finding → the kind of statement made on it; a few present ones go unsaid, as in real life."""
    stated = {}
    for finding in disease.drawn:
        if not happens(rng, _OMITTED):
            hedged = finding is not Finding.SUPPORT_DEVICES and happens(rng, _HEDGED)
            stated[finding] = Statement.UNCERTAIN if hedged else Statement.PRESENT
    return stated


def _positive(
    disease: Disease, stated: dict[Finding, Statement], rng: np.random.Generator
) -> tuple[list[str], list[str]]:
    body, summary = [], []
    for finding, statement in stated.items():
        place = disease.drawn[finding]
        body.append(finding_sentence(finding, place, statement, rng))
        if finding is not Finding.SUPPORT_DEVICES or happens(rng, 0.4):
            summary.append(finding_sentence(finding, place, statement.in_short, rng))
    return body, summary


def _negative(disease: Disease, stated: dict[Finding, Statement], rng: np.random.Generator) -> list[str]:
    labels = disease.labels
    absent: list[Finding] = [
        finding for finding, value in labels.items() if not value and finding is not Finding.NO_FINDING
    ]
    lines = []
    for finding in [finding for finding in absent if finding in _DOUBTED and stated]:
        if happens(rng, _HEDGED_ABSENT):
            absent.remove(finding)
            lines.append(finding_sentence(finding, _nowhere(rng), Statement.UNCERTAIN, rng))
    if not labels[Finding.LUNG_OPACITY] and happens(rng, 0.45):
        lines.append(pick(rng, phrases()["normal"]))
    lines += absent_sentences(absent, rng)
    if not labels[Finding.NO_FINDING] and stated and happens(rng, 0.2):
        lines.append(pick(rng, phrases()["incidental"]))
    return lines


def _nowhere(rng: np.random.Generator) -> Place:
    level, depth, extent, strength = (float(value) for value in rng.random(4))
    return Place(
        side=pick(rng, (-1, 1)), level=level, depth=depth, extent=extent, strength=strength, both=False, seed=0
    )


def _indication(study: StudyFacts, rng: np.random.Generator) -> str:
    patient = study.patient
    opening = pick(rng, phrases()["opening"]).format(
        name=pick(rng, (patient.spoken, patient.family)),
        title="Mrs." if patient.sex == "F" else "Mr.",
        age=study.age,
        sex="female" if patient.sex == "F" else "male",
    )
    return f"{opening} {study.indication}".strip()


def _comparison(study: StudyFacts, style: Style, rng: np.random.Generator) -> str:
    if happens(rng, 0.4):
        return ""
    earlier = study.when - timedelta(days=int(rng.integers(2, 700)))
    return pick(rng, ("None.", f"Chest radiograph of {earlier.strftime(style.dates)}."))


def _call(study: StudyFacts, style: Style, rng: np.random.Generator) -> str:
    hospital = study.hospital
    doctor = pick(rng, hospital.referrers)
    nurse = pick(rng, hospital.nurses)
    return str(pick(rng, phrases()["calls"])).format(
        doctor=pick(rng, (doctor.family, doctor.spoken)),
        nurse=nurse.spoken,
        phone=doctor.phone,
        date=(study.when + timedelta(hours=1)).strftime(style.dates),
        time=(study.when + timedelta(hours=1)).strftime("%H:%M"),
    )


def _signature(study: StudyFacts, style: Style, rng: np.random.Generator) -> str:
    return str(pick(rng, phrases()["signatures"])).format(
        radiologist=study.radiologist.spoken,
        date=study.when.strftime(style.dates),
        phone=study.radiologist.phone,
    )


def _headed(title: str, content: str, style: Style) -> str:
    return f"{title if style.title_case else title.upper()}: {content}"
