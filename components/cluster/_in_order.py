"""One function over many things, here or in other processes, the results in the things' order."""

import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from components.cluster._session import ray_session
from components.errors import ServerError

Common = TypeVar("Common")
Thing = TypeVar("Thing")
Result = TypeVar("Result")

_AHEAD = 3  # tasks given out for each worker: one in work, one to follow, one done and not yet fetched
_MOST = 8  # things in a task
_TRIES = 2  # a machine that a cluster lost says nothing about the thing that it had in work
_LONGEST_S = 600  # a process that works on one thing for longer is ended
_STORE_A_WORKER = 128 << 20
# One core a worker: libraries that start a thread for each core of the machine only get in each other's way.
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class Lost:
    """The result for a thing on which its process ended each time it was tried: by a crash, for memory, or for time."""


def in_order(
    work: Callable[[Common, Thing], Result],
    common: Common,
    things: Iterable[Thing],
    *,
    workers: int,
    share: Callable[[Thing], float] = lambda _: 1.0,
) -> Iterator[tuple[Thing, Result | Lost]]:
    """Each thing with what `work(common, thing)` gives, in the order of `things`.

    Few things are under way at a time, however many there are, so that memory does not grow with their number.
    `things` is read in this process, as results are fetched.

    Args:
        work: a module's function, so that other processes find it; what it raises ends the iteration.
        common: the same for all things; each process gets it once.
        things: what to work on.
        workers: how many of Ray's processes; 0 works here, where a crash is this process's own end.
        share: how much of a task a thing makes up; small things are given out together, a few at most.

    Raises:
        ServerError: Ray does not start, or its cluster is lost.
    """
    if workers == 0:
        return ((thing, work(common, thing)) for thing in things)
    return _on_ray(work, common, _tasks(things, share), workers)


def _tasks(things: Iterable[Thing], share: Callable[[Thing], float]) -> Iterator[list[Thing]]:
    task: list[Thing] = []
    full = 0.0
    for thing in things:
        task.append(thing)
        full += share(thing)
        if full >= 1 or len(task) == _MOST:
            yield task
            task, full = [], 0.0
    if task:
        yield task


def _on_ray(
    work: Callable[[Common, Thing], Result], common: Common, tasks: Iterator[list[Thing]], workers: int
) -> Iterator[tuple[Thing, Result | Lost]]:
    with ray_session(cpus=workers, object_store_bytes=workers * _STORE_A_WORKER):
        import ray

        # Not by Ray's own retries: it repeats without end what it ended for memory.
        remote: Any = ray.remote(num_cpus=1, max_retries=0, runtime_env={"env_vars": _ONE_THREAD})(_each_timed)
        shared = ray.put(common)

        def give(task: list[Thing]) -> Any:
            return remote.remote(work, shared, task)

        under_way: deque[tuple[list[Thing], Any]] = deque()
        for task in tasks:
            under_way.append((task, give(task)))
            if len(under_way) >= _AHEAD * workers:
                yield from _fetched(*under_way.popleft(), give)
        while under_way:
            yield from _fetched(*under_way.popleft(), give)


def _fetched(task: list[Thing], given: Any, give: Callable[[list[Thing]], Any]) -> Iterator[tuple[Thing, Any]]:
    """The task's results; what was lost together is tried again one by one, so that only the culprit stays lost."""
    results = _got(given)
    if results is not None:
        yield from zip(task, results, strict=True)
        return
    for thing in task:
        tries = (_got(give([thing])) for _ in range(_TRIES - 1 if len(task) == 1 else _TRIES))
        yield thing, next((results[0] for results in tries if results is not None), Lost())


def _got(given: Any) -> list[Any] | None:
    """What a task gave, or None where its process ended."""
    import ray
    from ray.exceptions import OutOfMemoryError, RayError, RayTaskError, WorkerCrashedError

    try:
        results: list[Any] = ray.get(given)
    except (WorkerCrashedError, OutOfMemoryError):
        return None
    except RayTaskError as error:
        raise error.cause from None
    except RayError as error:
        raise ServerError(f"Ray lost its cluster ({type(error).__name__}): run the same again.") from None
    return results


def _each_timed(work: Callable[[Common, Thing], Result], common: Common, task: list[Thing]) -> list[Result]:
    """What `work` gives; the signal's own action ends the process, also where it hangs in a library's C code."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    results = []
    for thing in task:
        signal.alarm(_LONGEST_S)
        try:
            results.append(work(common, thing))
        finally:
            signal.alarm(0)
    return results
