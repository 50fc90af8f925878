"""What every class of settings is."""

from pydantic import BaseModel, ConfigDict


class Concern(BaseModel):
    """One concern's settings: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
