"""How this project's Prefect tasks behave: results stay in the process, what may pass is tried again."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ParamSpec, TypeVar, cast

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.runtime import flow_run

from components.errors import RadloopError, ServerError

_RETRY_AFTER_S = [5.0, 30.0]
P = ParamSpec("P")
R = TypeVar("R")


def _may_pass(_task: object, _run: TaskRun, state: State[Any]) -> bool:
    """A server that does not answer may answer later; a refusal or a wrong setting stays what it is."""
    try:
        state.result()  # raises what the task raised
    except ServerError:
        return True
    except RadloopError:
        return False
    except Exception:
        return True
    return False


def step(name: str, *, retries: int = len(_RETRY_AFTER_S)) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A Prefect task of this name.

    Datasets and models go from task to task in memory: hashing them for a cache or writing them as results would
    copy patients' data into Prefect's storage.
    """
    made = task(
        name=name,
        cache_policy=NO_CACHE,
        persist_result=False,
        retries=retries,
        retry_delay_seconds=_RETRY_AFTER_S[:retries],
        retry_condition_fn=_may_pass,
    )
    return cast("Callable[[Callable[P, R]], Callable[P, R]]", made)


def run_name(what: str) -> Callable[[], str]:
    """A readable name for a run of flow `what`: "retrain local 2026-11-22 02:00"."""

    def name() -> str:
        site = (flow_run.parameters or {}).get("site") or ""
        started = flow_run.scheduled_start_time or datetime.now(UTC)
        return " ".join(f"{what} {site} {started:%Y-%m-%d %H:%M}".split())

    return name
