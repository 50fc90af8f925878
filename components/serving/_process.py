"""The service's own process: `python -m components.serving._process`, its settings from HOME and RADLOOP_… variables.

uvicorn runs the service's ASGI application here, in one process: BentoML's own supervisor would add a second process
and open control ports on loopback that ask nobody for a token.
"""

import logging
import os
import sys

from components.errors import RadloopError
from components.serving._follower import Follower
from components.serving._start import service_token
from components.settings import Settings, go_offline, load_settings


def main() -> int:
    """Serves until it is told to stop; 1 with one clear line when it cannot."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for noisy in ("mlflow", "alembic", "bentoml", "httpx", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    go_offline()
    try:
        serve(load_settings())
    except RadloopError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def serve(settings: Settings) -> None:
    """Runs the service on the settings' address until the process is told to stop."""
    folder = settings.home.absolute() / "serving"
    os.environ.setdefault("BENTOML_HOME", str(folder / "bentoml"))
    import uvicorn

    from components.models import kept_memory
    from components.promotion import HeadRegistry, Registry
    from components.serving._service import build_service

    follower = Follower(
        lambda: Registry(settings.tracking, artifacts=settings.artifacts, site=settings.site),
        folder / "models",
        poll_s=settings.serving.poll_s,
        open_heads=lambda: HeadRegistry(settings.tracking, site=settings.site),
    )
    own = settings.serving.model_copy(update={"token": service_token(settings)})
    with kept_memory():
        uvicorn.run(
            build_service(own, follower).to_asgi(),
            host=settings.serving.host,
            port=settings.serving.port,
            log_config=None,
            access_log=False,
            server_header=False,
        )


if __name__ == "__main__":
    sys.exit(main())
