"""Promote: a person lets a model into service that the gate let pass; nothing is trained or looked at here."""

from typing import Any

from prefect import flow

from components.settings import load_settings
from flows._judging import approval_of, promote_version
from flows._steps import run_name
from flows.embedding import refit_heads


@flow(name="promote", flow_run_name=run_name("promote"))
def promote(version: str | None = None, approver: str | None = None, words: str | None = None) -> dict[str, Any]:
    """Makes a version champion; with the setting gate.approval only with `approver` and `words`.

    Args:
        version: the model version; default: the challenger.
        approver: who takes responsibility, by name or office.
        words: why; no patient's data.

    Raises:
        ModelError: no such version.
        GateError: the gate refused it, or the approval is missing.
    """
    settings = load_settings()
    chosen = promote_version(version, approval=approval_of(approver, words), settings=settings)
    refit_heads(settings)
    return {"champion": chosen, "approver": approver}
