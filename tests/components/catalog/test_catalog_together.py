"""Two programs that open and write one catalog at the same time both succeed, and everything is there once."""

import multiprocessing
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from catalog_records import add_report, add_study, event, image, report, study

from components.catalog import Catalog, Side
from components.findings import FINDINGS

STUDIES = 12


def _add_everything(url: str, barrier: Barrier, results: "multiprocessing.Queue[tuple[int, int]]") -> None:
    barrier.wait(timeout=60)
    with Catalog.open(url) as catalog:
        studies = events = 0
        for number in range(STUDIES):
            name = f"S{number}"
            studies += add_study(catalog, study(name), [image(f"I{number}", name)])
            add_report(catalog, report(f"R{number}", accession=f"A-{name}"))
            catalog.link_reports()
            said = [event(f"{name}-{finding}", name, finding=finding) for finding in FINDINGS]
            events += catalog.append_label_events(said[:: 1 if number % 2 else -1])
            catalog.assign_sides("local", {f"P{number}": Side.TRAIN})
        results.put((studies, events))


@pytest.mark.slow
def test_two_processes_add_the_same_things_at_once(catalog_url: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    barrier, results = spawn.Barrier(2), spawn.Queue()
    processes = [spawn.Process(target=_add_everything, args=(catalog_url, barrier, results)) for _ in range(2)]
    for process in processes:
        process.start()
    try:
        added = [results.get(timeout=120) for _ in processes]
    finally:
        for process in processes:
            process.join(timeout=60)
    assert [process.exitcode for process in processes] == [0, 0]
    assert tuple(map(sum, zip(*added, strict=True))) == (STUDIES, STUDIES * len(FINDINGS))
    with Catalog.open(catalog_url) as catalog:
        counts = catalog.counts()
    assert (counts["studies"], counts["images"], counts["reports"], counts["waiting"]) == (STUDIES,) * 3 + (0,)
    assert counts["label_events"] == STUDIES * len(FINDINGS)


def test_a_reader_does_not_wait_for_a_writer(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'catalog.db'}"
    with Catalog.open(url) as writer, Catalog.open(url) as reader, writer._writing():
        assert reader.counts()["studies"] == 0
