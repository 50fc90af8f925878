"""Single values: shifted dates, rounded ages, and what a well-formed value looks like."""

import re
from datetime import date, timedelta

OLDEST = 89
POOLED = 90
_YEARS_OF = {"Y": 1.0, "M": 1 / 12, "W": 7 / 365.25, "D": 1 / 365.25}
_DIGITS_OF_DATE = 8
_AGE = re.compile(r"(\d{1,3})\s*([DWMY]?)", re.IGNORECASE)
_DATE = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})")  # with points: ACR-NEMA
_TIME = re.compile(r"\d{2}(?::?\d{2}(?::?\d{2}(?:\.\d{1,6})?)?)?")
_TAIL = re.compile(r"(?:\d{2}){0,3}(?:\.\d{1,6})?(?:[+-]\d{4})?")
_NUMBER = re.compile(r"[-+0-9.eE \\]*")


def parse_date(text: str) -> date | None:
    """The day of a DA value, or of the first eight digits of a DT value; None where there is none."""
    found = _DATE.match(text.strip())
    try:
        return date(*(int(part) for part in found.groups())) if found else None
    except ValueError:
        return None


def shifted(text: str, vr: str, days: int) -> str | None:
    """A DA, DT or TM value (also several, parted by backslashes) `days` earlier; None where it is malformed."""
    values = [_shifted_one(value.strip(" \0"), vr, days) for value in text.split("\\")]
    return None if None in values else "\\".join(value for value in values if value is not None)


def _shifted_one(value: str, vr: str, days: int) -> str | None:
    if not value:
        return ""
    if vr == "TM":
        return value if _TIME.fullmatch(value) else None  # whole days leave the time of day as it is
    day = parse_date(value)
    if day is None:
        return None
    try:
        moved = f"{day - timedelta(days=days):%Y%m%d}".rjust(_DIGITS_OF_DATE, "0")
    except OverflowError:
        return None
    if vr == "DA":
        return moved if _DATE.fullmatch(value) else None
    tail = value[_DIGITS_OF_DATE:]
    return moved + tail if _TAIL.fullmatch(tail) else None


def whole_years(age: str) -> int | None:
    """An AS value in whole years, 90 for everybody over 89; bare digits are years; None where it is malformed."""
    found = _AGE.fullmatch(age.strip(" \0"))
    if not found:
        return None
    return pooled(int(int(found[1]) * _YEARS_OF[found[2].upper() or "Y"]))


def years_between(birth: date, day: date) -> int | None:
    """Whole years, 90 for everybody over 89; None where the day lies before birth."""
    years = day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
    return pooled(years) if years >= 0 else None


def pooled(years: int) -> int:
    """The age, or 90 above 89."""
    return POOLED if years > OLDEST else years


def is_number(text: str) -> bool:
    """Whether a DS or IS value holds nothing but numbers."""
    return _NUMBER.fullmatch(text) is not None
