"""Asks the running service about one study, as a PACS or a worklist would."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from components.errors import ServerError
from components.serving import service_token, service_url
from components.settings import Settings


def ask(files: Sequence[Path], settings: Settings) -> dict[str, Any]:
    """The service's JSON answer to one study's DICOM files, whose names stay here.

    Raises:
        ServerError: it does not answer, or refuses the study; the message is the service's own sentence.
    """
    headers = {"Authorization": f"Bearer {service_token(settings).get_secret_value()}"}
    try:
        answer = httpx.post(
            f"{service_url(settings)}/predict",
            files=[("files", (f"{number}.dcm", file.read_bytes())) for number, file in enumerate(files)],
            headers=headers,
            timeout=settings.serving.timeout_s,
            trust_env=False,
        )
    except httpx.HTTPError as error:
        raise ServerError(f"The service does not answer at {service_url(settings)} ({type(error).__name__}).") from None
    if not answer.is_success:
        raise ServerError(f"The service answered with status {answer.status_code}: {answer.json().get('error')}")
    document: dict[str, Any] = answer.json()
    return document
