"""Label Studio's SDK: imported where it is used, which takes two seconds, and without its own deprecation warnings."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from components.errors import ServerError

_UNAUTHORISED = (401, 403)


def connect(url: str, token: str, transport: httpx.Client) -> Any:
    """A client of the server at `url`, over a transport that the caller closes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from label_studio_sdk import LabelStudio
    return LabelStudio(base_url=url, api_key=token, httpx_client=transport)  # type: ignore[no-untyped-call]


def form_checker(config: str) -> Any:
    """The SDK's reading of a labelling configuration, with `validate_prediction`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from label_studio_sdk.label_interface.interface import LabelInterface
    return LabelInterface(config)


@contextmanager
def one_sentence(url: str) -> Iterator[None]:
    """The SDK's errors as one sentence of ours; their own texts carry headers with session cookies.

    Raises:
        ServerError: the server does not answer, or refuses.
    """
    from label_studio_sdk.core.api_error import ApiError

    try:
        yield
    except httpx.HTTPError:
        message = f"Label Studio does not answer at {url}; start it with 'radloop up', or set label_studio.url."
        raise ServerError(message) from None
    except ApiError as error:
        if error.status_code in _UNAUTHORISED:
            advice = "set label_studio.token to the API token of a user of that server"
            raise ServerError(f"Label Studio at {url} refuses the token; {advice}.") from None
        raise ServerError(f"Label Studio at {url} refuses with HTTP status {error.status_code}.") from None
