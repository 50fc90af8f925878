"""Invented people, numbers and addresses, each carrying a marker that nothing else in the world contains.

Every name and number begins with "Qz" or a made-up country code and is at least ten characters long, so that a test
can look for it in every byte of everything that is derived from the hospital's export (compare without case).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from components.simulator._chance import happens, pick, stream

_CONSONANTS, _VOWELS = "bdfgklmnprstvz", "aeiou"
_CAPITALS = "ABCDEFGHKLMNPRSTUVWXYZ"
_STREETS = ("Street", "Road", "Avenue", "Lane", "Crescent", "Close")
_ENDINGS = ("n", "s", "r", "l", "")


@dataclass(frozen=True, kw_only=True)
class Marker:
    """One searchable string of an invented identity: whose it is and what kind of thing it is."""

    person: str
    role: str
    kind: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody with a name and a telephone."""

    key: str
    role: str
    family: str
    given: str
    phone: str

    @property
    def dicom(self) -> str:
        """As the PN value representation: FAMILY^GIVEN."""
        return f"{self.family.upper()}^{self.given.upper()}"

    @property
    def spoken(self) -> str:
        """As written in a sentence."""
        return f"{self.given} {self.family}"

    def markers(self) -> Iterator[Marker]:
        """What must never be found outside the hospital."""
        for kind, text in (("family_name", self.family), ("given_name", self.given), ("phone", self.phone)):
            yield Marker(person=self.key, role=self.role, kind=kind, text=text)


@dataclass(frozen=True, kw_only=True)
class Patient(Person):
    """An invented patient."""

    patient_id: str
    other_id: str
    birth_date: date
    sex: str
    street: str
    city: str
    email: str

    def markers(self) -> Iterator[Marker]:
        """What must never be found outside the hospital."""
        yield from super().markers()
        for kind in ("patient_id", "other_id", "street", "city", "email"):
            yield Marker(person=self.key, role=self.role, kind=kind, text=getattr(self, kind))


@dataclass(frozen=True, kw_only=True)
class Hospital:
    """An invented institution with its staff and machines' serial numbers."""

    key: str
    name: str
    address: str
    street: str
    radiologists: tuple[Person, ...]
    referrers: tuple[Person, ...]
    technologists: tuple[Person, ...]
    nurses: tuple[Person, ...]
    serials: tuple[str, ...]
    stations: tuple[str, ...]

    def markers(self) -> Iterator[Marker]:
        """What must never be found outside the hospital."""
        for kind, texts in (
            ("institution", (self.name,)),
            ("street", (self.street,)),
            ("device_serial", self.serials),
            ("station", self.stations),
        ):
            for text in texts:
                yield Marker(person=self.key, role="hospital", kind=kind, text=text)
        for person in (*self.radiologists, *self.referrers, *self.technologists, *self.nurses):
            yield from person.markers()


def invented_word(rng: np.random.Generator) -> str:
    """A pronounceable name of 13 or 14 letters: one of about 4 * 10^10."""
    body = "".join(pick(rng, _VOWELS) + pick(rng, _CONSONANTS) for _ in range(5))
    return f"Qz{body}{pick(rng, _VOWELS)}{pick(rng, _ENDINGS)}"


def invented_number(rng: np.random.Generator, prefix: str, digits: int) -> str:
    """An identifier such as QZKD48210937: prefix, two letters, digits."""
    letters = pick(rng, _CAPITALS) + pick(rng, _CAPITALS)
    return f"{prefix}{letters}{int(rng.integers(10 ** (digits - 1), 10**digits))}"


def invented_phone(rng: np.random.Generator) -> str:
    """A telephone number of at most 16 characters (SH), in one of three ways of writing it."""
    area, first, second, last = (int(value) for value in rng.integers([900, 200, 1000, 10], [1000, 999, 9999, 99]))
    return pick(
        rng,
        (
            f"({area}) {first}-{second}",
            f"{area}-{first}-{second}",
            f"+999-{area % 100:02d}-{first}-{second}",
            f"{area}.{first}.{second}",
            f"+999 {last} {first} {second}",
        ),
    )


def patient_of(*key: object) -> Patient:
    """The patient who belongs to `key`; the same key is always the same person."""
    rng = stream("patient", *key)
    family, given = invented_word(rng), invented_word(rng)
    return Patient(
        key="patient-" + invented_number(rng, "", 6),
        role="patient",
        family=family,
        given=given,
        phone=invented_phone(rng),
        patient_id=invented_number(rng, "QZ", 8),
        other_id=invented_number(rng, "QZX", 8),
        birth_date=date(1930, 1, 1) + timedelta(days=int(rng.integers(0, 74 * 365))),
        sex="F" if happens(rng, 0.48) else "M",
        street=f"{int(rng.integers(1, 300))} {invented_word(rng)} {pick(rng, _STREETS)}",
        city=invented_word(rng),
        email=f"{given.lower()}.{family.lower()}@post.example",
    )


def hospital_of(*key: object) -> Hospital:
    """The institution that belongs to `key`."""
    rng = stream("hospital", *key)
    street = f"{int(rng.integers(1, 99))} {invented_word(rng)} {pick(rng, _STREETS)}"

    def staff(role: str, number: int) -> tuple[Person, ...]:
        return tuple(
            Person(
                key=f"{role}-{invented_number(rng, '', 6)}",
                role=role,
                family=invented_word(rng),
                given=invented_word(rng),
                phone=invented_phone(rng),
            )
            for _ in range(number)
        )

    return Hospital(
        key="hospital-" + invented_number(rng, "", 6),
        name=f"{invented_word(rng)} {pick(rng, ('General Hospital', 'Memorial Hospital', 'University Hospital'))}",
        address=f"{street}, {invented_word(rng)}",
        street=street,
        radiologists=staff("radiologist", 8),
        referrers=staff("referrer", 10),
        technologists=staff("technologist", 6),
        nurses=staff("nurse", 5),
        serials=tuple(invented_number(rng, "QZSN", 7) for _ in range(7)),
        stations=tuple(invented_number(rng, "QZST", 6) for _ in range(7)),
    )
