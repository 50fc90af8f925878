"""The visits of invented patients: when, on which machine, under which numbers, with which people."""

from datetime import UTC, datetime

from components.errors import ConfigurationError
from components.simulator._chance import pick, stream
from components.simulator._headers import StudyFacts, uid_of
from components.simulator._identities import Hospital, Patient, invented_number
from components.simulator._look import Site
from components.simulator._vendors import vendor_of
from components.simulator._words import Projection

OPENED = datetime(2022, 1, 3, tzinfo=UTC)
"""The first day of the invented hospitals."""


def site_named(site: Site | str) -> Site:
    """The site of that name.

    Raises:
        ConfigurationError: there is none.
    """
    try:
        return Site(site)
    except ValueError:
        known = ", ".join(Site)
        raise ConfigurationError(f"The 'site' of an invented hospital must be one of {known}.") from None


def at_least(least: int, **numbers: int | None) -> None:
    """Refuses numbers below `least`; None passes.

    Raises:
        ConfigurationError: names the number that is too small.
    """
    for name, number in numbers.items():
        if number is not None and number < least:
            raise ConfigurationError(f"The '{name}' of an invented hospital must be at least {least}. Got {number}.")


def study_facts(  # noqa: PLR0913  a visit has this many sides
    key: str,
    *,
    patient: Patient,
    hospital: Hospital,
    when: datetime,
    site: Site,
    frontal: Projection,
    lateral: bool,
    indication: str,
    age: int | None = None,
) -> StudyFacts:
    """The numbers, people and machine of the visit named by `key`; age in years, by default from the birth date."""
    rng = stream(key, "facts")
    return StudyFacts(
        patient=patient,
        hospital=hospital,
        when=when,
        study_uid=uid_of(key, "study"),
        accession=invented_number(rng, f"QZA{when:%y}", 7),
        order=invented_number(rng, "QZO", 8),
        report_id=invented_number(rng, "QZR", 8),
        referrer=pick(rng, hospital.referrers),
        technologist=pick(rng, hospital.technologists),
        radiologist=pick(rng, hospital.radiologists),
        indication=indication,
        age=max(0, (when.date() - patient.birth_date).days // 365) if age is None else age,
        views=(frontal, Projection.LATERAL) if lateral else (frontal,),
        vendor=vendor_of(site, rng),
        portable=frontal is Projection.AP,
    )
