"""Settings of a training; the defaults are Mohn et al.'s."""

from enum import StrEnum

from pydantic import Field

from components.settings._concern import Concern


class UncertainPolicy(StrEnum):
    """What an uncertain statement becomes as a training target (Irvin et al. 2019; Pham et al. 2021)."""

    SOFT = "soft"
    ZEROS = "zeros"
    ONES = "ones"
    IGNORE = "ignore"


class Objective(StrEnum):
    """What a network is trained to do."""

    CLASSIFY = "classify"
    CONTRAST = "contrast"


class Strategy(StrEnum):
    """Ways to adapt a base model, the simplest first (Sellergren et al. 2022)."""

    LINEAR = "linear"
    NONLINEAR = "nonlinear"
    FINETUNE = "finetune"


class Optimizer(StrEnum):
    """How weights follow their gradients."""

    SGD = "sgd"
    ADAMW = "adamw"


class Schedule(StrEnum):
    """How the learning rate goes from the first step to the last."""

    CONSTANT = "constant"
    COSINE = "cosine"


class Precision(StrEnum):
    """Numbers that convolutions and matrix products compute in; weights and losses are float32 always."""

    AUTO = "auto"
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


class AugmentationSettings(Concern):
    """How training pictures are varied; both views of a study independently of each other."""

    flip: float = Field(0.5, ge=0, le=1, description="probability that a picture is mirrored left to right")
    rotate: float = Field(0.5, ge=0, le=1, description="probability that a picture is turned")
    degrees: float = Field(10, ge=0, le=180, description="it is turned by up to this, either way")
    zoom: float = Field(0, ge=0, lt=1, description="up to this share larger or smaller; 0: never")
    shift: float = Field(0, ge=0, lt=1, description="moved by up to this share of its side; 0: never")
    exposure: float = Field(0, ge=0, lt=1, description="contrast and brightness changed by up to this share; 0: never")


class TrainingSettings(Concern):
    """One Ray Train run."""

    objective: Objective = Field(
        Objective.CLASSIFY,
        description="classify: the 14 findings, by weighted binary cross-entropy; contrast: abnormal from normal, by "
        "the supervised contrastive loss (the first step of a base model; heads are fitted afterwards)",
    )
    epochs: int = Field(100, ge=1, description="at most this many passes over the training images")
    batch_size: int = Field(88, ge=1, description="images a step, over all workers")
    optimizer: Optimizer = Field(Optimizer.SGD, description="sgd (with momentum) or adamw")
    learning_rate: float = Field(0.001, gt=0, description="of the optimiser, at its peak")
    momentum: float = Field(0.9, ge=0, lt=1, description="of sgd")
    weight_decay: float = Field(0, ge=0, description="of matrices and kernels; norms and biases never decay")
    schedule: Schedule = Field(
        Schedule.CONSTANT, description="of the learning rate: constant, or cosine (rises, then falls along a cosine)"
    )
    warm_up: float = Field(0.2, ge=0, lt=1, description="share of all steps in which a cosine's rate rises")
    ema: float = Field(
        0,
        ge=0,
        lt=1,
        description="the weights that are validated and kept are a moving average with this decay a step; 0: the last",
    )
    patience: int = Field(10, ge=1, description="stop after this many epochs without a better validation loss")
    positive_limit: float = Field(
        10, ge=1, description="a positive counts at most this many times (and a negative likewise) in the loss"
    )
    uncertain: UncertainPolicy = Field(UncertainPolicy.SOFT, description="what uncertain becomes")
    min_pairs: int = Field(
        20, ge=2, description="training studies with a lateral image; with fewer no DuoNet is trained"
    )
    temperature: float = Field(0.1, gt=0, description="of the contrastive loss")
    projection: int = Field(128, ge=2, description="width of what the contrastive loss compares")
    augmentation: AugmentationSettings = AugmentationSettings()
    smallest: float = Field(
        1,
        gt=0,
        le=1,
        description="training pictures start at this share of model.image_size and grow to the whole of it (validation "
        "is on whole ones): more steps in the same time; patience should be as long as epochs then; 1: whole always",
    )
    precision: Precision = Field(
        Precision.FLOAT32, description="auto: bfloat16 where the processor computes in it, else float32"
    )
    compile: bool = Field(False, description="torch.compile the networks, on a GPU")
    resident_mb: int | None = Field(
        None,
        ge=0,
        description="pictures of up to this many MiB live on the device, more stream from disk; default: a quarter "
        "of the GPU's memory, or of the machine's",
    )
    checkpoint_s: float = Field(
        300, gt=0, description="a checkpoint at least this often, besides that after each epoch: what a crash may cost"
    )
    strategies: tuple[Strategy, ...] = Field(
        tuple(Strategy),
        min_length=1,
        description="ways to adapt a model that compete on the validation patients: linear and nonlinear fit new heads "
        "on frozen networks, finetune trains all weights; the simplest that is about as good as the best goes on",
    )
    workers: int = Field(1, ge=0, description="Ray Train workers; 0 trains in this process")
    min_workers: int | None = Field(
        None,
        ge=1,
        description="go on with as few workers when a cluster loses nodes, and with more when they are back; default:"
        " wait for as many as before",
    )
    use_gpu: bool = Field(False, description="one GPU a worker")
    max_failures: int = Field(2, ge=0, description="how often a lost worker is replaced and the run resumed")
    threads: int | None = Field(None, ge=1, description="torch threads a worker; default: the cores it was given")
