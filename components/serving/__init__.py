"""The model in service: a BentoML service that follows the registry's champion."""

from components.serving._answer import Answer, FindingAnswer, Overlay, Refusal, ServiceState
from components.serving._bundle import Bundle, load_bundle
from components.serving._follower import ChampionSource, Follower
from components.serving._start import serve_command, service_token, service_url, wait_serving

__all__ = [
    "Answer",
    "Bundle",
    "ChampionSource",
    "FindingAnswer",
    "Follower",
    "Overlay",
    "Refusal",
    "ServiceState",
    "load_bundle",
    "serve_command",
    "service_token",
    "service_url",
    "wait_serving",
]
