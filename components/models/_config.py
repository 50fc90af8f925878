"""What a model is, apart from its weights."""

from enum import StrEnum
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator

from components.findings import FINDINGS, Finding
from components.settings import Architecture, ModelSettings


class HeadKind(StrEnum):
    """What turns a backbone's features into logits."""

    LINEAR = "linear"
    NONLINEAR = "nonlinear"


class ModelConfig(BaseModel):
    """config.json beside the weights: enough to build the networks that they fit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["studynet"] = "studynet"
    members: tuple[Architecture, ...] = Field(min_length=1, description="the ensemble; probabilities are averaged")
    duo: bool = Field(False, description="whether there is a DuoNet for studies with a lateral image")
    image_size: int = Field(ge=32, le=2048, description="side of the networks' input, in pixels")
    dropout: float = Field(ge=0, lt=1, description="before the head of each member, in training")
    test_time_flip: bool = Field(False, description="whether answers are the mean over picture and mirror image")
    head: HeadKind = Field(HeadKind.LINEAR, description="one layer, or two hidden layers of 512 and 256 before it")
    findings: tuple[Finding, ...] = Field(FINDINGS, description="order of the outputs")

    @field_validator("findings")
    @classmethod
    def _all_in_order(cls, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        if findings != FINDINGS:
            raise ValueError("the outputs must be the 14 findings in their order")
        return findings

    @classmethod
    def from_settings(cls, settings: ModelSettings) -> Self:
        """The model that the settings ask for."""
        return cls(
            members=settings.members,
            duo=settings.duo,
            image_size=settings.image_size,
            dropout=settings.dropout,
            test_time_flip=settings.test_time_flip,
        )

    def starts_from(self, base: "ModelConfig") -> bool:
        """Whether a model of this make can start from the base's weights: all else may differ."""
        return (self.kind, self.members, self.findings) == (base.kind, base.members, base.findings)
