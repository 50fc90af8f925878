"""One small frozen class per concern; unknown keys are refused, every field says what it is."""

from datetime import date
from enum import StrEnum
from pathlib import Path

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from upath import UPath

from components.settings._concern import Concern
from components.settings._gate import GateSettings
from components.settings._profiles import Profile
from components.settings._reception import ArchiveSettings, ReceptionSettings
from components.settings._training import TrainingSettings
from components.settings._tuning import TuneSettings

_LARGEST_HELD_OUT = 0.9


class Architecture(StrEnum):
    """Members of a SoloNet (Mohn et al.), by their timm names."""

    DENSENET121 = "densenet121"
    RESNEXT50 = "resnext50_32x4d"
    MOBILENETV2 = "mobilenetv2_100"


class Dates(StrEnum):
    """What becomes of the dates and times of an examination."""

    MODIFIED = "modified"
    FULL = "full"
    REMOVED = "removed"


class DeviceDetail(StrEnum):
    """How much a file says of the machine."""

    IDENTITY = "identity"
    MODEL = "model"
    NONE = "none"


class BurnedIn(StrEnum):
    """What becomes of a picture with text in its pixels."""

    CLEAN = "clean"
    REFUSE = "refuse"


class DeidentifySettings(Concern):
    """How identity is taken off: the Basic Profile of DICOM PS3.15 annex E, and its options."""

    key_file: Path | None = Field(None, description="file of the pseudonym key; default HOME/secrets/pseudonym.key")
    max_shift_days: int = Field(365, ge=1, le=3650, description="dates move back by 1 to this many days, per patient")
    keep_characteristics: bool = Field(True, description="keep sex and rounded age (over 89 pooled as 90)")
    device: DeviceDetail = Field(
        DeviceDetail.MODEL,
        description="identity: keep serial number, station and detector as well; model: keep manufacturer, model and "
        "software, for subgroup statistics; none: nothing",
    )
    dates: Dates = Field(
        Dates.MODIFIED,
        description="modified: move a patient's dates back by the same days; full: keep them as they are; removed",
    )
    clean_descriptors: bool = Field(
        True, description="keep the safe words of descriptions (study, series, protocol); otherwise remove them"
    )
    keep_safe_private: bool = Field(
        False, description="keep private elements that PS3.15 table E.3.10-1 lists as safe, by their creator"
    )
    keep_uids: bool = Field(
        False,
        description="keep the original UIDs inside the files; catalog and file names go by pseudonymous ones even so",
    )
    burned_in: BurnedIn = Field(
        BurnedIn.CLEAN,
        description="clean: black text out, and quarantine where that is unsure; refuse: quarantine every picture with "
        "text",
    )
    read_whole_picture: bool = Field(
        False,
        description="read the whole of every picture, not only where letters seem to stand: finds faint and blurred "
        "text too, at about a quarter of a second a picture",
    )


class Fit(StrEnum):
    """How a picture that is not square becomes so."""

    PAD = "pad"
    SQUARE = "square"


class ImagingSettings(Concern):
    """From a DICOM file's pixels to what models see."""

    size: int = Field(512, ge=32, le=2048, description="side of the square 8-bit input, in pixels")
    crop_borders: bool = Field(True, description="cut black collimation borders off before resizing")
    fit: Fit = Field(
        Fit.PAD,
        description="pad: the longest side fills the input, black beside the shorter one; square: both sides fill it, "
        "so that the picture is distorted",
    )


class IntakeSettings(Concern):
    """How studies and reports are taken in."""

    workers: int | None = Field(
        None,
        ge=0,
        description="Ray workers that prepare images; 0 prepares them in this process; default: 0 for fewer than a "
        "thousand files (1 after a run that was ended), else one a core",
    )


class SplitSettings(Concern):
    """Shares of patients; what is left after validation and test is for training."""

    validation: float = Field(0.15, gt=0, lt=0.5, description="share of patients for early stopping and thresholds")
    test: float = Field(0.25, gt=0, lt=0.8, description="share of patients locked for the gate, for ever")
    window_days: int | None = Field(
        None,
        ge=1,
        description="train on the studies of so many days before the newest one; dates are moved back by up to "
        "deidentify.max_shift_days, so the window's edge is that blurred; default: on all",
    )
    since: date | None = Field(None, description="train on studies of this (moved) day or later; default: on all")
    min_positives: int | None = Field(
        None,
        ge=1,
        description="a finding with fewer positive training studies is left out of the loss; default: none is",
    )

    @model_validator(mode="after")
    def _leaves_some_for_training(self) -> "SplitSettings":
        if self.validation + self.test > _LARGEST_HELD_OUT:
            raise ValueError("validation + test must leave at least a tenth of the patients for training")
        return self


class ModelSettings(Concern):
    """The ensemble and the size of the picture it sees."""

    members: tuple[Architecture, ...] = Field(
        (Architecture.DENSENET121, Architecture.RESNEXT50, Architecture.MOBILENETV2),
        min_length=1,
        description="SoloNet's and DuoNet's members; their probabilities are averaged",
    )
    duo: bool = Field(True, description="train a DuoNet as well: studies with a lateral image are judged by both views")
    weights_dir: Path | None = Field(
        None,
        description="folder of generic weights (ImageNet's, say) that a first model starts from, one <timm name>"
        ".safetensors each; default: random weights",
    )
    image_size: int = Field(512, ge=32, le=2048, description="side of the network's input, in pixels")
    dropout: float = Field(0.8, ge=0, lt=1, description="before the classifier of each member")
    test_time_flip: bool = Field(
        False, description="answers are the mean over picture and mirror image: better ones, for twice the time"
    )


class ServingSettings(Concern):
    """The prediction service."""

    host: str = Field("127.0.0.1", description="address it listens on")
    port: int = Field(3000, ge=0, le=65535)
    token: SecretStr | None = Field(None, description="callers' bearer token; default: made once in HOME/secrets")
    max_upload_mb: int = Field(64, ge=1, description="larger uploads are answered with 413")
    timeout_s: float = Field(30, gt=0, description="a request that takes longer is answered with 504")
    poll_s: float = Field(10, gt=0, description="how often the champion alias is looked at")


class LabelStudioSettings(Concern):
    """Where radiologists read."""

    url: str = Field("http://127.0.0.1:8080", description="address of the Label Studio server")
    token: SecretStr | None = Field(None, description="API token; default: made once in HOME/secrets")
    project: str = Field("radloop chest radiographs", description="title of the project")


class RelabelSettings(Concern):
    """Which studies people are asked to read."""

    queue_size: int = Field(40, ge=1, description="studies a push")
    random_share: float = Field(0.1, ge=0, le=1, description="share drawn at random, to keep estimates honest")
    readers: int = Field(1, ge=1, le=2, description="readers a study; where two differ, a third is asked")
    adjudicators: tuple[SecretStr, ...] = Field(
        (), description="e-mails of readers whose word decides between others; without, the majority does"
    )


class ServersSettings(Concern):
    """Addresses of the engines' servers on this machine."""

    host: str = Field("127.0.0.1", description="address the local servers listen on")
    prefect_port: int = Field(4200, ge=1, le=65535)
    mlflow_port: int = Field(5000, ge=1, le=65535)


class Settings(BaseSettings):
    """Everything settable. Read from HOME/radloop.toml, then from RADLOOP_… variables (A__B for a.b)."""

    model_config = SettingsConfigDict(
        env_prefix="RADLOOP_",
        env_nested_delimiter="__",
        frozen=True,
        extra="forbid",
    )

    home: Path = Field(Path("radloop-home"), description="folder of everything radloop keeps")
    site: str = Field("local", pattern="^[a-z][a-z0-9_-]{0,31}$", description="name of this hospital in the catalog")
    profile: Profile = Field(
        Profile.PAPER,
        description="defaults of model and training: paper (as published), fast (on GPUs) or tiny (on two cores)",
    )
    seed: int = Field(0, ge=0, description="of splits, soft targets, training and bootstrap")
    catalog_url: SecretStr | None = Field(None, description="SQLAlchemy URL; default SQLite in HOME")
    storage_url: str | None = Field(None, description="fsspec URL of images and snapshots; default HOME/store")
    mlflow_url: str | None = Field(None, description="MLflow tracking URI; default SQLite in HOME")
    deidentify: DeidentifySettings = DeidentifySettings()
    imaging: ImagingSettings = ImagingSettings()
    intake: IntakeSettings = IntakeSettings()
    split: SplitSettings = SplitSettings()
    model: ModelSettings = ModelSettings()
    training: TrainingSettings = TrainingSettings()
    tune: TuneSettings = TuneSettings()
    gate: GateSettings = GateSettings()
    serving: ServingSettings = ServingSettings()
    label_studio: LabelStudioSettings = LabelStudioSettings()
    relabel: RelabelSettings = RelabelSettings()
    servers: ServersSettings = ServersSettings()
    reception: ReceptionSettings = ReceptionSettings()
    archive: ArchiveSettings = ArchiveSettings()

    @property
    def catalog(self) -> SecretStr:
        """SQLAlchemy URL of the catalog."""
        return self.catalog_url or SecretStr(f"sqlite:///{self.home.absolute() / 'catalog.db'}")

    @property
    def store(self) -> UPath:
        """Where de-identified images and snapshots lie."""
        return UPath(self.storage_url or self.home.absolute() / "store")

    @property
    def tracking(self) -> str:
        """MLflow tracking URI."""
        return self.mlflow_url or f"sqlite:///{self.home.absolute() / 'mlflow.db'}"

    @property
    def artifacts(self) -> Path | None:
        """Where MLflow's files of runs and models lie; None where its server keeps them."""
        elsewhere = self.mlflow_url is not None and not self.mlflow_url.startswith("sqlite")
        return None if elsewhere else self.home.absolute() / "mlflow"

    @property
    def secrets(self) -> Path:
        """Folder of keys and tokens, readable by its owner only."""
        return self.home.absolute() / "secrets"

    @property
    def crosswalk(self) -> Path:
        """The encrypted way back from pseudonyms to originals."""
        return self.home.absolute() / "crosswalk"

    @property
    def pseudonym_key(self) -> Path:
        """File of the key that pseudonyms are made with."""
        return self.deidentify.key_file or self.secrets / "pseudonym.key"

    @property
    def arriving(self) -> Path:
        """Where studies lie that are still being received; they name patients."""
        return self.home.absolute() / "arriving"

    @property
    def inbox(self) -> Path:
        """Where complete studies and messages wait for the next ingest; they name patients."""
        return self.home.absolute() / "inbox"

    @property
    def quarantine(self) -> Path:
        """Folder of refused files, which still name patients: not downstream of de-identification."""
        return self.home.absolute() / "quarantine"

    @property
    def ledger(self) -> Path:
        """The hash-chained record of looks at the locked set, verdicts and promotions."""
        return self.home.absolute() / "ledger.jsonl"
