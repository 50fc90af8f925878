"""What a model is, apart from its weights."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator

from components.findings import FINDINGS, Finding
from components.settings import Architecture, ModelSettings


class ModelConfig(BaseModel):
    """config.json beside the weights: enough to build the network that they fit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["solonet"] = "solonet"
    members: tuple[Architecture, ...] = Field(min_length=1, description="the ensemble; probabilities are averaged")
    image_size: int = Field(ge=32, le=2048, description="side of the network's input, in pixels")
    dropout: float = Field(ge=0, lt=1, description="before the classifier of each member, in training")
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
        return cls(members=settings.members, image_size=settings.image_size, dropout=settings.dropout)

    def same_network(self, other: "ModelConfig") -> bool:
        """Whether one's weights fit the other: picture size and dropout may differ."""
        return (self.kind, self.members, self.findings) == (other.kind, other.members, other.findings)
