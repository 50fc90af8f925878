"""Which servers the local stack has, and how each is started."""

import os
import subprocess
from pathlib import Path

from components.errors import ConfigurationError, ServerError
from components.settings import Settings
from flows._stack import Server, program

WORK_POOL = "radloop"
DEPLOYMENTS = Path(__file__).resolve().parents[1] / "infra" / "prefect.yaml"


def prefect_environment(settings: Settings) -> dict[str, str]:
    """Where Prefect keeps its state and what it says: all in HOME, errors alone at the terminal."""
    return {
        "PREFECT_HOME": str(settings.home.absolute() / "prefect"),
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
        "PREFECT_LOGGING_EXTRA_LOGGERS": "components,flows",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_CLI_PROMPT": "false",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",  # 20 are too few on a busy two-core machine
        "RADLOOP_HOME": str(settings.home.absolute()),
    }


def prefect_url(settings: Settings) -> str:
    """Address of the local Prefect server's pages."""
    return f"http://{settings.servers.host}:{settings.servers.prefect_port}"


def prefect_server(settings: Settings) -> Server:
    """Prefect's API, scheduler and pages."""
    url = prefect_url(settings)
    port = str(settings.servers.prefect_port)
    return Server(
        name="prefect",
        argv=[program("prefect"), "server", "start", "--host", settings.servers.host, "--port", port],
        environment={**prefect_environment(settings), "PREFECT_UI_API_URL": f"{url}/api"},
        url=url,
        ready=f"{url}/api/health",
    )


def prefect_worker(settings: Settings) -> Server:
    """The process that runs scheduled flows."""
    url = prefect_url(settings)
    return Server(
        name="worker",
        argv=[program("prefect"), "worker", "start", "--pool", WORK_POOL, "--type", "process", "--name", "local"],
        environment=_client(settings),
        url=f"{url}/work-pools/work-pool/{WORK_POOL}",
        listens=False,
        ready=f"{url}/api/health",
    )


def deploy(settings: Settings) -> None:
    """Registers infra/prefect.yaml's deployments and their schedules with the running server.

    Raises:
        ServerError: Prefect refused them.
    """
    prefect = program("prefect")
    for arguments in (
        ["work-pool", "create", WORK_POOL, "--type", "process", "--overwrite"],
        ["--no-prompt", "deploy", "--all", "--prefect-file", str(DEPLOYMENTS)],
    ):
        done = subprocess.run(  # noqa: S603  # our own argv, no shell
            [prefect, *arguments],
            env={**os.environ, **_client(settings)},
            cwd=settings.home,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no message"]
            raise ServerError(f"Prefect refused the deployments: {last[0]}")


def mlflow_server(settings: Settings) -> Server:
    """The pages of runs, models and report cards."""
    if settings.artifacts is None:
        raise ConfigurationError("MLflow runs elsewhere ('mlflow_url' is set): it is not started here.")
    host, port = settings.servers.host, settings.servers.mlflow_port
    url = f"http://{host}:{port}"
    store = ["--backend-store-uri", settings.tracking, "--artifacts-destination", str(settings.artifacts)]
    return Server(
        name="mlflow",
        argv=[program("mlflow"), "server", *store, "--host", host, "--port", str(port), "--workers", "1"],
        environment={"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},  # five idle worker processes otherwise
        url=url,
        ready=f"{url}/health",
    )


def service_server(settings: Settings) -> Server:
    """The service: answers DICOM files with the champion's probabilities; without a champion it waits for one."""
    from components.serving import serve_command, service_url

    argv, environment = serve_command(settings)
    url = service_url(settings)
    return Server(name="service", argv=argv, environment=environment, url=url, ready=f"{url}/health")


def label_studio_server(settings: Settings) -> Server | None:
    """Where radiologists read; None where `make label-studio` has not been run."""
    from components.relabeling import label_studio_command, label_studio_installed

    if not label_studio_installed():
        return None
    argv, environment = label_studio_command(settings)
    url = settings.label_studio.url
    return Server(name="label-studio", argv=argv, environment=environment, url=url, ready=f"{url}/health")


def listener(settings: Settings) -> Server | None:
    """`radloop listen`; None where the setting `reception.start` is off."""
    if not settings.reception.start:
        return None
    url = f"dicom://{settings.reception.host}:{settings.reception.port}"
    argv = [program("radloop"), "listen", "--home", str(settings.home.absolute())]
    return Server(name="listener", argv=argv, url=url, ready=url)


def _client(settings: Settings) -> dict[str, str]:
    return {**prefect_environment(settings), "PREFECT_API_URL": f"{prefect_url(settings)}/api"}
