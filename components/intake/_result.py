"""What one run took in, and the counting that makes its figures add up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, kw_only=True)
class IngestResult:
    """The figures of one run.

    An item is one DICOM or unknown file, one HL7 message, or one row of a CSV file (a message file or table that
    cannot be parted into such counts as one item). Every item is exactly one of

    - quarantined: refused in this run, under its reason;
    - duplicate: an image, or this version of a report, that the catalog already held, or that came twice;
    - waiting: stored by this run, but its other half is not there at the run's end: an image whose study has no
      report, or a report without a study;
    - accepted: stored by this run, with its other half.

    So received = accepted + duplicates + waiting + the quarantined. What waits is matched by a later run, and is a
    duplicate when its file is read again.
    """

    accepted: int
    duplicates: int
    waiting: int
    quarantined: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def received(self) -> int:
        """All items of the run."""
        return self.accepted + self.duplicates + self.waiting + sum(self.quarantined.values())

    def as_json(self) -> dict[str, object]:
        """The form that `radloop ingest --json` prints."""
        return {
            "received": self.received,
            "accepted": self.accepted,
            "duplicates": self.duplicates,
            "waiting": self.waiting,
            "quarantined": dict(sorted(self.quarantined.items())),
        }
