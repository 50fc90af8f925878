"""Reading tasks off the server: those of a patient who withdrew consent, with their readings."""

from collections.abc import Iterable
from typing import Any

import httpx
from pydantic import SecretStr

from components.relabeling._sdk import connect, one_sentence
from components.settings import LabelStudioSettings

_GONE = 404
_TIMEOUT_S = 60


def remove_tasks(settings: LabelStudioSettings, token: SecretStr, tasks: Iterable[tuple[str, int]]) -> int:
    """Deletes the tasks (study, number) with their readings; how many were there.

    A task of this number that is of another study is left alone: the server was set up anew since.

    Raises:
        ServerError: the server does not answer, or refuses.
    """
    with httpx.Client(timeout=_TIMEOUT_S, follow_redirects=True, trust_env=False) as transport:
        client = connect(settings.url, token.get_secret_value(), transport)
        with one_sentence(settings.url):
            return sum(_removed(client, study, str(number)) for study, number in tasks)


def _removed(client: Any, study: str, number: str) -> bool:
    from label_studio_sdk.core.api_error import ApiError

    tasks = client.tasks
    try:
        if tasks.get(number).data.get("study") != study:
            return False
        tasks.delete(number)
    except ApiError as error:
        if error.status_code != _GONE:
            raise
        return False
    return True
