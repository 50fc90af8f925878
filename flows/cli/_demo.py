"""`radloop demo`: the whole loop once, told step by step."""

import hashlib
import json
import os
import shutil
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from rich.console import Console

from components.errors import ConfigurationError
from components.settings import Settings
from components.simulator import HospitalSummary, write_hospital, write_hospital_from
from flows._servers import label_studio_server, prefect_environment, prefect_server, prefect_url, service_server
from flows._stack import free_port, start, stop, wait_ready
from flows._telling import flush_prefect, say, tell_at
from flows.cli._common import Common, clear_errors
from flows.cli._demo_profile import DRAWN, REAL, DemoProfile
from flows.cli._memory import watching_memory
from flows.cli._tables import comparison_table, queue_table, service_table

_MARK = "made-by-radloop-demo"
_SITES = {"published": "PA", "local": "AP"}


@dataclass
class _Demo:
    """What one demo has found so far; `found` becomes its JSON document."""

    profile: DemoProfile
    settings: Settings
    console: Console
    data: Path | None
    found: dict[str, Any] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        return self.settings.home


def demo(*, data: Path | None = None, common: Common = Common()) -> None:  # noqa: B008  # frozen
    """Runs the whole loop once on this machine: hospital → better model in service → reading queue.

    Everything is written below ./radloop-demo (or --home), which is made anew each time. Servers listen on
    loopback and are stopped at the end; `radloop up --home radloop-demo` starts them again to look around.

    Parameters
    ----------
    data
        Folder with a studies.csv of real radiographs and reports: its PA studies play the published set, its
        AP studies the local hospital. Default: two invented hospitals, drawn.
    """
    began = time.monotonic()
    run = _prepare(data, common)
    tell_at(run.console)
    with clear_errors(), watching_memory() as memory, _servers(run):
        _introduce(run)
        for number, (title, part) in enumerate(_PARTS.items(), start=1):
            with _told(run, number, title):
                part(run)
    run.found |= {"seconds": round(time.monotonic() - began, 1), "peak_memory_mb": round(memory.size / 2**20)}
    _close(run)
    (run.home / "demo.json").write_text(json.dumps(run.found, indent=1, default=str))
    common.answer(run.found)


def _prepare(data: Path | None, common: Common) -> _Demo:
    home = (common.home or Path("radloop-demo")).absolute()
    if data is not None and not (data / "studies.csv").is_file():
        raise ConfigurationError("The folder given with --data holds no studies.csv; its columns are in the README.")
    if home.exists():
        if any(home.iterdir()) and not (home / _MARK).is_file():
            raise ConfigurationError("The demo's folder holds something else; give an empty one with --home.")
        stop(Common(home=home).settings())
        shutil.rmtree(home)
    home.mkdir(parents=True, mode=0o700)
    (home / _MARK).touch()
    profile = REAL if data else DRAWN
    ports = f"\n[servers]\nprefect_port = {free_port(4200)}\nmlflow_port = {free_port(5000)}\n"
    ports += f'\n[serving]\nport = {free_port(3000)}\n\n[label_studio]\nurl = "http://127.0.0.1:{free_port(8080)}"\n'
    (home / "radloop.toml").write_text(profile.toml + ports)
    if data is None:  # nobody to protect: the same demo gives the same pseudonyms, splits and figures everywhere
        (home / "secrets").mkdir(mode=0o700)
        key = home / "secrets" / "pseudonym.key"
        key.write_text(hashlib.sha256(b"radloop demo").hexdigest())
        key.chmod(0o600)
    return _Demo(profile, Common(home=home).settings(), common.console, data)


@contextmanager
def _servers(run: _Demo) -> Iterator[None]:
    """Prefect and Label Studio start now, beside the first steps; all that was started is ended at the end."""
    os.environ.update(prefect_environment(run.settings))
    os.environ["PREFECT_API_URL"] = f"{prefect_url(run.settings)}/api"
    with ExitStack() as ends:
        ends.callback(stop, run.settings)
        ends.callback(flush_prefect)
        for server in (prefect_server(run.settings), label_studio_server(run.settings)):
            if server:
                start(server, run.settings)
        yield


def _introduce(run: _Demo) -> None:
    what = "real radiographs and reports in invented headers" if run.data else "two invented hospitals, drawn"
    say(f"[bold]radloop demo[/]: the whole loop once, on {what}. To fit two cores it is smaller than a hospital:")
    for line in run.profile.shrunk:
        say(f"  · {line}")


@contextmanager
def _told(run: _Demo, number: int, title: str) -> Iterator[None]:
    say(f"\n[bold]{number}  {title}[/]")
    began = time.monotonic()
    yield
    say(f"  [dim]{time.monotonic() - began:.0f} s[/]")


def _hospital(run: _Demo) -> None:
    with ProcessPoolExecutor(len(_SITES), mp_context=get_context("spawn")) as pool:
        writing = [pool.submit(_written, run.home, site, run.settings.seed, run.profile, run.data) for site in _SITES]
        for site, done in zip(_SITES, writing, strict=True):
            made = done.result()
            counts = f"{made.patients} patients, {made.studies} studies, {made.images} images, {made.reports} reports"
            say(f"  {site}: {counts}")
    wait_ready(prefect_server(run.settings), run.settings)


def _written(home: Path, site: str, seed: int, profile: DemoProfile, data: Path | None) -> HospitalSummary:
    """One site's export; runs in a process of its own, one a core."""
    out = home / "hospital" / site
    if data:
        return write_hospital_from(data / "studies.csv", out, view=_SITES[site], seed=seed, site=site)
    return write_hospital(out, studies=profile.studies, seed=seed, site=site)


def _take_in(run: _Demo) -> None:
    from flows.ingest import ingest

    run.found["ingest"] = {}
    for site in _SITES:
        run.found["ingest"][site] = ingest([SecretStr(str(run.home / "hospital" / site / "export"))], site=site)


def _base(run: _Demo) -> None:
    from flows.base import base

    run.found["base"] = base(site="published")


def _retrain(run: _Demo) -> None:
    from flows.retrain import retrain

    run.found["retrain"] = retrain(site="local")
    run.console.print(comparison_table(run.found["retrain"]["comparison"]))
    say(f"  [bold]{run.found['retrain']['sentence']}[/]")


def _serve(run: _Demo) -> None:
    from components.serving import wait_serving
    from flows.cli._ask import ask

    server = service_server(run.settings)
    start(server, run.settings)
    wait_ready(server, run.settings)
    wait_serving(run.settings, server.patience_s)
    run.found["service"] = ask(study_to_ask_about(run.home), run.settings)
    run.console.print(service_table(run.found["service"]))


def study_to_ask_about(home: Path) -> list[Path]:
    """The files of a local study, of two views where one has them; their paths name a patient and are kept nowhere."""
    studies: dict[Path, list[Path]] = defaultdict(list)
    for file in sorted((home / "hospital" / "local" / "export" / "dicom").rglob("*.dcm")):
        studies[file.parent].append(file)
    return next((files for files in studies.values() if len(files) > 1), next(iter(studies.values())))


def _readings(run: _Demo) -> None:
    from flows.cli._invented_reader import read_some
    from flows.readings import pull_readings, push_readings, reading_queue

    queue = reading_queue("local", run.settings)
    run.found["queue"] = [{"study": task.study, "why": task.reason} for task in queue]
    run.console.print(queue_table(queue))
    server = label_studio_server(run.settings)
    if server is None:
        say("  Label Studio is not installed: after `make label-studio` the demo goes on to the readings.")
        return
    wait_ready(server, run.settings)
    run.found["readings"] = push_readings(site="local")
    if not run.data:
        say("  an invented radiologist reads the three most urgent, knowing the truth")
        read_some(queue[:3], run.settings, truth=run.home / "hospital" / "local" / "truth.csv")
    run.found["readings"] |= pull_readings()


_PARTS = {
    "The hospitals": _hospital,
    "Studies in: de-identified, labelled, checked, catalogued": _take_in,
    "The published model": _base,
    "Fine-tuned on the local hospital, and judged on its locked patients": _retrain,
    "In service": _serve,
    "What radiologists should read": _readings,
}


def _close(run: _Demo) -> None:
    card = run.found["retrain"]["report_card"]
    run.found["where"] = {"report_card": card, "home": str(run.home)}
    home = _shown(run.home)
    took, memory = run.found["seconds"], run.found["peak_memory_mb"] / 1024
    say(f"\n[bold]Done[/] in {took:.0f} s, at most {memory:.1f} GB of memory.")
    say(f"  report card   {_shown(Path(card))}")
    say(f"  servers       radloop up --home {home}   then Prefect {prefect_url(run.settings)},")
    say(f"                MLflow http://{run.settings.servers.host}:{run.settings.servers.mlflow_port}")
    say(f"  all of it     {home}/")


def _shown(path: Path) -> Path:
    """Relative to where the person is, where it lies below."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
