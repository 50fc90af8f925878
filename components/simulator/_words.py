"""The closed sets of words that the simulator's modules share."""

from enum import StrEnum


class Projection(StrEnum):
    """From which side a radiograph is taken."""

    PA = "PA"
    AP = "AP"
    LATERAL = "LATERAL"


class Modality(StrEnum):
    """Imaging plate or flat detector."""

    CR = "CR"
    DX = "DX"


class Device(StrEnum):
    """What a patient may carry; a port comes last because it is what remains."""

    PACEMAKER = "pacemaker"
    TUBE = "tube"
    LINE = "line"
    DRAIN = "drain"
    PORT = "port"


class Statement(StrEnum):
    """How a sentence states a finding: in the findings or in short in the impression, sure or not."""

    PRESENT = "present"
    UNCERTAIN = "uncertain"
    IMPRESSION = "impression"
    IMPRESSION_UNCERTAIN = "impression_uncertain"

    @property
    def in_short(self) -> "Statement":
        """The same statement for the impression."""
        return Statement.IMPRESSION if self is Statement.PRESENT else Statement.IMPRESSION_UNCERTAIN


class Status(StrEnum):
    """A report's state (HL7 table 0085)."""

    PRELIMINARY = "P"
    FINAL = "F"
    CORRECTED = "C"
