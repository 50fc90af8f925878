"""Holds that "stored" means on the disk: the listener is killed while senders send; nothing acknowledged is lost."""

import random
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pynetdicom import evt

from tests.components.reception.listener import (
    connect,
    instance,
    received,
    running_listener,
    send_all,
    sent,
    store,
)

pytestmark = [pytest.mark.server, pytest.mark.slow]
_SUCCESS = 0x0000
_KILLS = 5


def test_what_was_acknowledged_survives_every_kill(tmp_path: Path) -> None:
    home, datasets = tmp_path / "home", [instance(number, study=number % 3, rows=200) for number in range(80)]
    expected, acknowledged, moments = sent(datasets), set(), random.Random(4)  # noqa: S311  # a test repeats itself
    for _ in range(_KILLS):
        with running_listener(home, RADLOOP_RECEPTION__QUIET_S="0.4") as listener:
            left = [ds for ds in datasets if ds.SOPInstanceUID not in acknowledged]
            killer = threading.Timer(moments.uniform(0.05, 0.5), listener.kill)
            killer.start()
            statuses = send_all(listener.port, left, at_once=4, patience=2)
            killer.join()
        acknowledged |= {uid for uid, status in statuses.items() if status == _SUCCESS}
        found = received(home / "arriving", home / "inbox")
        assert all(found.get(uid) == expected[uid] for uid in acknowledged), "acknowledged, and not whole on the disk"
    with running_listener(home, RADLOOP_RECEPTION__QUIET_S="0.2") as listener:
        left = [ds for ds in datasets if ds.SOPInstanceUID not in acknowledged]
        assert len(left) < len(datasets), "the kills came too early to prove anything"
        assert set(send_all(listener.port, left, at_once=4).values()) <= {_SUCCESS}
        _wait_until_empty(home / "arriving")
    assert received(home / "inbox") == expected, "what a crash left in arriving is handed on"


def test_a_sender_that_ends_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running_listener(home) as listener:
        association = connect(listener.port, patience=2)
        line = association.dul.socket.socket
        association.bind(evt.EVT_PDU_SENT, lambda _: time.sleep(0.1))  # a slow line
        sender = threading.Thread(target=store, args=(association, instance(0, rows=9000)))
        sender.start()
        partial = home / "arriving"
        _wait_for(lambda: [file for file in partial.glob(".partial-*/*") if file.stat().st_size])
        line.shutdown(socket.SHUT_RDWR)
        sender.join()
        _wait_for(lambda: not list(partial.glob(".partial-*/*")))
        assert received(home) == {}


def _wait_until_empty(arriving: Path) -> None:
    _wait_for(lambda: not [path for path in arriving.iterdir() if not path.name.startswith(".")])


def _wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
