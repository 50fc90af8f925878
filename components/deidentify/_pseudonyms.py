"""Keyed pseudonyms: the same original and key give the same pseudonym, on any machine, at any time."""

import hmac
import uuid

from components.deidentify._keys import subkey

_DIGITS = 16


class Pseudonymiser:
    """Pseudonyms by HMAC-SHA256; without the key nobody can tell whose they are, or test a guess."""

    def __init__(self, key: bytes, *, max_shift_days: int) -> None:
        self._key = subkey(key, "pseudonyms")
        self._max_shift_days = max_shift_days

    def __repr__(self) -> str:
        return f"{type(self).__name__}(key=<secret>, max_shift_days={self._max_shift_days})"

    def patient(self, patient_id: str, issuer: str | None = None) -> str:
        """P and 16 hexadecimal digits, from a Patient ID and, where two issuers may clash, its issuer."""
        return "P" + self._hex("patient", patient_id.strip(), (issuer or "").strip())[:_DIGITS]

    def accession(self, accession: str) -> str:
        """A and 15 hexadecimal digits: 16 characters, as many as the DICOM attribute holds."""
        return "A" + self._hex("accession", accession.strip())[: _DIGITS - 1]

    def report(self, report_id: str) -> str:
        """T and 16 hexadecimal digits."""
        return "T" + self._hex("report", report_id.strip())[:_DIGITS]

    def version(self, *content: str) -> str:
        """V and 32 hexadecimal digits that tell one version of a report from another without holding it."""
        return "V" + self._hex("version", *content)[: 2 * _DIGITS]

    def person(self, name: str) -> str:
        """R and 16 hexadecimal digits for a member of staff, whatever the case their name is written in."""
        return "R" + self._hex("person", " ".join(name.split()).casefold())[:_DIGITS]

    def uid(self, uid: str) -> str:
        """A UID under 2.25 (DICOM PS3.5 B.2), from a Study, Series, SOP Instance or any other UID."""
        digest = self._digest("uid", uid.strip("\0 "))
        return f"2.25.{uuid.UUID(bytes=digest[:16], version=4).int}"

    def shift_days(self, patient: str) -> int:
        """By how many days (at least 1) all dates of the patient with this pseudonym go back."""
        return 1 + int.from_bytes(self._digest("shift", patient)[:8], "big") % self._max_shift_days

    def _digest(self, kind: str, *parts: str) -> bytes:
        return hmac.digest(self._key, "\0".join((kind, *parts)).encode(), "sha256")

    def _hex(self, kind: str, *parts: str) -> str:
        return self._digest(kind, *parts).hex()
