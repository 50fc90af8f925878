"""By how much a patient's dates are moved: the same for images and reports."""

from components.deidentify._pseudonyms import Pseudonymiser
from components.settings import Dates, DeidentifySettings


def days_back(patient: str, pseudonymiser: Pseudonymiser, settings: DeidentifySettings) -> int | None:
    """The days that all dates of the patient (by pseudonym) go back: 0 where they stay, None where they are removed."""
    if settings.dates is Dates.REMOVED:
        return None
    return 0 if settings.dates is Dates.FULL else pseudonymiser.shift_days(patient)
