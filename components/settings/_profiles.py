"""Whole ways of training, by name: what each sets below radloop.toml."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any


class Profile(StrEnum):
    """How models are made: as published, faster on GPUs, or on two cores."""

    PAPER = "paper"
    FAST = "fast"
    TINY = "tiny"


PROFILES: Mapping[Profile, Mapping[str, Any]] = MappingProxyType(
    {
        Profile.PAPER: {},  # the settings' own defaults
        Profile.FAST: {
            "training": {
                "epochs": 30,
                "optimizer": "adamw",
                "learning_rate": 0.0003,
                "weight_decay": 0.01,
                "schedule": "cosine",
                "ema": 0.998,
                "precision": "auto",
                "compile": True,
            },
        },
        Profile.TINY: {
            "imaging": {"size": 224},
            "model": {"members": ["mobilenetv2_100"], "image_size": 224, "dropout": 0.2, "test_time_flip": True},
            "training": {
                "epochs": 18,
                "patience": 18,
                "batch_size": 8,  # on a CPU a step costs as its pictures: small ones are more steps for the same
                "optimizer": "adamw",
                "learning_rate": 0.0007,
                "weight_decay": 0.01,
                "ema": 0.98,
                "positive_limit": 1,
                "precision": "auto",
                "smallest": 0.71,
                "augmentation": {"zoom": 0.1, "shift": 0.05, "exposure": 0.1},
                "workers": 0,
            },
        },
    }
)
