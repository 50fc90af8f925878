"""Ingest: items a second and memory at 100 and at 10,000 studies; two processes against one."""

import csv
import hashlib
import multiprocessing
import os
import re
import resource
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from upath import UPath

from benchmarks._table import machine, markdown, ratio
from components.catalog import Catalog
from components.cluster import in_order, ray_session
from components.deidentify import Crosswalk, Pseudonymiser
from components.intake import IngestResult, ingest
from components.settings import DeidentifySettings, ImagingSettings
from components.simulator import write_hospital

FEW, MANY = 100, int(os.environ.get("RADLOOP_BENCH_STUDIES", "10000"))
_KEY = b"k" * 32
_IDENTIFIERS = ("accession", "patient_id", "report_id")
_UID = rb"1\.2\.826\.0\.1\.3680043\.8\.498\.[0-9]{20,}"  # of instances, not of classes
_TURNED = 7  # last characters of an identifier that make it another one
_MIB = 1 << 20
_ROUNDS = 3
_LOOPS, _TURNS = 16, 1_500_000


def run() -> str:
    """Memory and throughput by the number of studies, then the speed-up by processes."""
    with tempfile.TemporaryDirectory(prefix="radloop-bench-") as place:
        folder = Path(place)
        return f"{machine()}\n\n{_growth(folder)}\n\n{_processes(folder)}"


def _growth(folder: Path) -> str:
    made = _hospital(folder / "drawn", studies=FEW, size=256)
    _multiplied(made, folder / "many", times=MANY // FEW)
    rows = []
    for name, studies, source in (("few", FEW, made / "export"), ("many", MANY, folder / "many")):
        with multiprocessing.get_context("spawn").Pool(1) as pool:  # its peak of memory is this ingest's alone
            seconds, processor, items, peak = pool.apply(_measured, (made / "export", source, folder / f"home-{name}"))
        rows.append((studies, items, items / seconds, 1000 * processor / items, peak / _MIB))
    columns = ("studies", "images and reports", "a second", "processor time of one, ms", "peak memory, MiB")
    return markdown(columns, rows)


def _measured(warm: Path, source: Path, home: Path) -> tuple[float, float, int, int]:
    """Seconds, those of the processor, items, and the most bytes of memory of an ingest in a fresh process."""
    _ingest(warm, home / "warm", workers=0)
    began, worked = time.perf_counter(), time.process_time()
    items = _ingest(source, home / "measured", workers=0).received
    seconds, processor = time.perf_counter() - began, time.process_time() - worked
    return seconds, processor, items, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _processes(folder: Path) -> str:
    rows = []
    for size, studies, times in ((256, 60, 4), (2048, 4, 24)):
        drawn, source = _hospital(folder / f"drawn-{size}", studies=studies, size=size), folder / f"files-{size}"
        _multiplied(drawn, source, times=times)
        for report in [*source.rglob("*.hl7"), *source.rglob("*.csv")]:
            report.unlink()  # reports are read in one process
        images = sum(1 for _ in source.rglob("*.dcm"))
        timed: dict[int, list[tuple[float, float]]] = {1: [], 2: []}
        for number in range(_ROUNDS):
            for workers in (1, 2) if number % 2 else (2, 1):
                home = folder / f"home-{size}-{workers}-{number}"
                timed[workers].append(_timed(drawn / "export", source, home, workers=workers))
        (one, loop), (two, loops) = (zip(*timed[workers], strict=True) for workers in (1, 2))
        speeds = (images / min(one), images / min(two), ratio(one, two), ratio(loop, loops))
        rows.append((f"{size} × {size}", images, *speeds))
    columns = ("files", "images", "1 process, a second", "2 processes, a second", "times as fast", "a plain loop")
    return markdown(columns, rows)


def _timed(warm: Path, source: Path, home: Path, *, workers: int) -> tuple[float, float]:
    """Seconds of an ingest by so many of Ray's processes, which run and have read a text before, and of plain loops."""
    with ray_session(cpus=workers):
        _ingest(warm, home / "warm", workers=workers)
        began = time.perf_counter()
        _ingest(source, home / "measured", workers=workers)
        ended = time.perf_counter()
        list(in_order(_loop, None, range(_LOOPS), workers=workers))
        return ended - began, time.perf_counter() - ended


def _loop(_common: None, _number: int) -> int:
    """Work that needs nothing but a core: how much two of them do here and now, beside whatever else runs."""
    return sum(number * number for number in range(_TURNS))


def _ingest(source: Path, home: Path, *, workers: int) -> IngestResult:
    crosswalk = Crosswalk(home / "crosswalk", _KEY)
    try:
        with Catalog.open(f"sqlite:///{home / 'catalog.db'}") as catalog:
            return ingest(
                [source],
                catalog=catalog,
                store=UPath(home / "store"),
                quarantine=home / "quarantine",
                pseudonymiser=Pseudonymiser(_KEY, max_shift_days=365),
                crosswalk=crosswalk,
                site="local",
                deidentify=DeidentifySettings(),
                imaging=ImagingSettings(),
                now=datetime.now(UTC),
                workers=workers,
            )
    finally:
        crosswalk.close()


def _hospital(out: Path, *, studies: int, size: int) -> Path:
    write_hospital(out, studies=studies, seed=1, site="local", size=size)
    return out


def _multiplied(hospital: Path, out: Path, *, times: int) -> None:
    """Writes the export so many times, each with studies, patients and numbers of its own, all as long as they were."""
    with (hospital / "truth.csv").open(newline="") as file:
        known = {row[column] for row in csv.DictReader(file) for column in _IDENTIFIERS if row[column]}
    pattern = re.compile(b"|".join([_UID, *(re.escape(value.encode()) for value in sorted(known))]))
    for file in sorted((hospital / "export").rglob("*")):
        if not file.is_file():
            continue
        content = file.read_bytes()
        for number in range(times):
            target = out / str(number) / file.relative_to(hospital / "export")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(pattern.sub(lambda found, number=number: _another(found[0], number), content))


def _another(value: bytes, number: int) -> bytes:
    digits = str(int.from_bytes(hashlib.sha256(value + str(number).encode()).digest()[:8], "big") % 10**_TURNED)
    return value[:-_TURNED] + digits.rjust(_TURNED, "1").encode()
