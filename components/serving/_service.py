"""The BentoML service: one study's radiographs in, the champion's fourteen probabilities out."""

import logging
from http import HTTPStatus
from typing import Any

import bentoml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from components.errors import RefusedInputError
from components.findings import FINDINGS, Finding
from components.serving._answer import Answer, Refusal
from components.serving._door import PREDICT, Door
from components.serving._follower import Follower
from components.serving._refusal import RequestReason, status_of
from components.settings import ServingSettings

_log = logging.getLogger(__name__)
_MOST_AT_ONCE = 16  # requests that wait for the one that is being answered; more get 429


def build_service(settings: ServingSettings, follower: Follower) -> bentoml.Service[Any]:
    """The service as BentoML runs it: one worker, one study at a time, each with all cores.

    POST /predict (token) answers; GET /version (token) tells the model; GET /health, /livez, /readyz are for probes.
    """
    token = settings.token
    if token is None:
        raise ValueError("The 'token' of the service must be set. Got None instead.")

    @bentoml.service(
        name="radloop",
        workers=1,
        threads=1,
        traffic={"timeout": settings.timeout_s, "max_concurrency": _MOST_AT_ONCE},
        metrics={"enabled": False},
        logging={"access": {"enabled": False}},  # it would log what clients write into paths and headers
    )
    @bentoml.asgi_app(_pages(follower))
    class ChestRadiographs:
        """Fourteen findings on chest radiographs. Research use only; no diagnosis."""

        def __init__(self) -> None:
            follower.start()

        def __is_ready__(self) -> bool:
            return follower.bundle is not None

        @bentoml.on_shutdown  # type: ignore[untyped-decorator]
        def stop(self) -> None:
            follower.stop()

        @bentoml.api(route=PREDICT)  # type: ignore[untyped-decorator]
        def predict(self, ctx: bentoml.Context) -> Answer | Refusal:
            """The 14 probabilities, thresholds, model version and Grad-CAM overlay for a study's DICOM files."""
            status, said = _predict(follower, ctx.request)
            ctx.response.status_code = status.value
            return said

    service: bentoml.Service[Any] = ChestRadiographs
    service.add_asgi_middleware(Door, token=token, max_upload_mb=settings.max_upload_mb)
    return service


def _predict(follower: Follower, request: Request) -> tuple[HTTPStatus, Answer | Refusal]:
    bundle = follower.bundle
    if bundle is None:
        problem = follower.state.problem or "No model is in service."
        return HTTPStatus.SERVICE_UNAVAILABLE, Refusal(error=problem)
    try:
        return HTTPStatus.OK, bundle.answer(request.state.files, _asked(request))
    except RefusedInputError as refused:
        return status_of(refused), Refusal(error=str(refused))
    except Exception as error:  # BentoML would log its text, which may hold what the file holds
        _log.error("predict: the model failed (%s)", type(error).__name__)
        return HTTPStatus.INTERNAL_SERVER_ERROR, Refusal(error="The model failed on this study; how is in the log.")


def _asked(request: Request) -> Finding | None:
    name = request.query_params.get("finding")
    if name is not None and name not in FINDINGS:
        known = ", ".join(FINDINGS)
        raise RefusedInputError(RequestReason.UNKNOWN_FINDING, f"'finding' must be one of: {known}.")
    return None if name is None else Finding(name)


def _pages(follower: Follower) -> Starlette:
    def health(_: Request) -> JSONResponse:
        """200 once it has looked for a champion, also when there is none; /readyz tells whether it can answer."""
        state = follower.state
        status = HTTPStatus.OK if follower.settled else HTTPStatus.SERVICE_UNAVAILABLE
        return JSONResponse({"ready": state.model_version is not None, "problem": state.problem}, status)

    def version(_: Request) -> JSONResponse:
        return JSONResponse(follower.state.model_dump(mode="json"))

    return Starlette(routes=[Route("/health", health), Route("/version", version)])
