"""`radloop up`, `down` and `status`: the local stack."""

import os

from rich.table import Table

from components.errors import LedgerError
from components.settings import Settings
from flows._servers import (
    deploy,
    label_studio_server,
    listener,
    mlflow_server,
    prefect_environment,
    prefect_server,
    prefect_worker,
    service_server,
)
from flows._stack import Server, running_servers, start, stop, wait_ready
from flows.cli._common import Common, clear_errors


def up(*, common: Common = Common()) -> None:  # noqa: B008  # frozen
    """Starts the local stack: Prefect with its worker and schedules, MLflow, the service, Label Studio.

    Each listens on loopback alone. What runs already is left alone; `radloop down` ends it all. Label Studio
    starts where `make label-studio` has installed it, the listener (DICOM, HL7) where `reception.start` is set.
    """
    settings = common.settings()
    with clear_errors():
        from flows._judging import releases

        servers = stack(settings)
        # first: MLflow's server and our service would both make a fresh registry's tables at the same moment
        try:
            releases(settings)
        except LedgerError as error:  # what is in service stays there: nothing is promoted until it is restored
            common.console.print(f"warning: {error}")
        for server in servers:
            start(server, settings)
        with common.console.status("waiting for the servers to answer"):
            for server in servers:
                wait_ready(server, settings)
            os.environ.update(prefect_environment(settings))
            deploy(settings)
            start(prefect_worker(settings), settings)
    status(common=common)


def stack(settings: Settings) -> list[Server]:
    """The servers that this home starts, slowest first so that they start side by side."""
    return [
        *([reading] if (reading := label_studio_server(settings)) else []),
        prefect_server(settings),
        mlflow_server(settings),
        service_server(settings),
        *([receiving] if (receiving := listener(settings)) else []),
    ]


def down(*, common: Common = Common()) -> None:  # noqa: B008  # frozen
    """Ends what `radloop up` started in this home, by process id; nothing else is touched."""
    stopped = stop(common.settings())
    common.answer({"stopped": stopped})
    if not common.json:
        common.console.print(f"stopped: {', '.join(stopped) or 'nothing was running'}")


def status(*, common: Common = Common()) -> None:  # noqa: B008  # frozen
    """Shows which servers of this home run, and where."""
    settings = common.settings()
    rows = [
        {
            "server": running.name,
            "pid": running.pid,
            "url": running.url,
            "state": "running" if running.process() else "ended",
        }
        for running in running_servers(settings)
    ]
    common.answer({"servers": rows})
    if common.json:
        return
    table = Table("server", "state", "where", "process", box=None, title="radloop", title_justify="left")
    for row in rows:
        table.add_row(str(row["server"]), str(row["state"]), str(row["url"]), str(row["pid"]))
    common.console.print(table if rows else "nothing runs in this home; `radloop up` starts the stack")
