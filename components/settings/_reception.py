"""Settings of what is received over the network, and of the archive that is asked."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from components.settings._concern import Concern

_LONGEST_AE_TITLE = 16


def _ae_title(value: str) -> str:
    """The value, where it may be an AE title (DICOM PS3.5 table 6.2-1)."""
    if not (0 < len(value.strip()) == len(value) <= _LONGEST_AE_TITLE and value.isascii() and value.isprintable()):
        raise ValueError("an AE title has 1 to 16 ASCII characters and no blank at either end")
    if "\\" in value:
        raise ValueError("an AE title has no backslash")
    return value


AeTitle = Annotated[str, AfterValidator(_ae_title)]


class TlsSettings(Concern):
    """Encryption of what arrives by DICOM and HL7, and of what is asked of an archive."""

    certificate: Path = Field(description="PEM file of this machine's certificate chain")
    key: Path = Field(description="PEM file of the certificate's key")
    ca: Path | None = Field(None, description="PEM file of who signs partners' certificates; then each must show one")


class ReceptionSettings(Concern):
    """The listener: DICOM C-STORE with storage commitment, HL7 over MLLP."""

    start: bool = Field(False, description="`radloop up` starts the listener too")
    host: str = Field("127.0.0.1", description="address it listens on; 0.0.0.0 for every one of this machine")
    port: int = Field(11112, ge=0, le=65535, description="of DICOM; 0 takes a free one")
    aet: AeTitle = Field("RADLOOP", description="our AE title")
    require_aet: bool = Field(False, description="refuse who calls us by another AE title")
    calling_aets: tuple[AeTitle, ...] = Field((), description="AE titles that may call; none named: all may")
    commitment_addresses: dict[AeTitle, str] = Field(
        {}, description="AE title → host:port that awaits storage commitment results on an association of its own"
    )
    quiet_s: float = Field(120, gt=0, description="a study is complete when nothing more came for it this long")
    max_associations: int = Field(32, ge=1, description="more at once are refused; the sender tries again")
    max_pdu: int = Field(131072, ge=4096, le=1048576, description="largest DICOM protocol data unit, in bytes")
    max_instance_mb: int = Field(1024, ge=1, description="a larger instance is refused")
    idle_s: float = Field(60, gt=0, description="a connection that is silent this long is closed")
    remember_days: int = Field(
        400, ge=1, description="how long it is known (as a keyed hash) which instances were received"
    )
    mllp_port: int | None = Field(None, ge=0, le=65535, description="of HL7 over MLLP; unset: no HL7 listener")
    max_message_mb: int = Field(16, ge=1, description="a larger HL7 message is refused")
    tls: TlsSettings | None = Field(None, description="encrypts both listeners; unset: plain")


class ArchiveSettings(Concern):
    """The archive that studies are fetched from: DICOM (aet, host, port) or DICOMweb (url)."""

    aet: AeTitle | None = Field(None, description="the archive's AE title")
    host: str = Field("127.0.0.1", description="the archive's address")
    port: int = Field(104, ge=1, le=65535, description="the archive's DICOM port")
    tls: bool = Field(False, description="speak TLS with it, with the certificate of reception.tls")
    url: str | None = Field(None, pattern="^https?://", description="DICOMweb address; wins over aet, host and port")
    token: SecretStr | None = Field(None, description="bearer token for the DICOMweb address")
    user: str | None = Field(None, description="user name for the DICOMweb address, with `password`")
    password: SecretStr | None = Field(None, description="of `user`")
    ca: Path | None = Field(None, description="PEM file of who signs the DICOMweb server's certificate")
    days: int = Field(2, ge=1, description="today and this many days before it are asked for")
    modalities: tuple[str, ...] = Field(("CR", "DX"), description="modalities to ask for; none named: all")
    descriptors: tuple[str, ...] = Field(
        (
            "atelectasis", "cardiomegaly", "oedema", "edema", "mass", "nodule", "opacity", "normal",
            "pleural effusion", "pleural thickening", "pneumonia", "pneumothorax",
        ),
        description="words of the Study Description to select by (Mohn et al.); none named: all studies",
    )  # fmt: skip
    timeout_s: float = Field(60, gt=0, description="patience with each of the archive's answers")

    @property
    def known(self) -> bool:
        """Whether an archive is set at all."""
        return self.url is not None or self.aet is not None
