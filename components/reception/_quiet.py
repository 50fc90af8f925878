"""Silence around the libraries that speak DICOM and HTTP: what they log and warn quotes headers and UIDs."""

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from pydicom import config
from pynetdicom import _config as network

_TALKATIVE = ("pydicom", "pynetdicom", "dicomweb_client", "urllib3")
_NEVER = logging.CRITICAL + 1

log = logging.getLogger(__name__)


@contextmanager
def quiet_network() -> Iterator[None]:
    """Inside, in every thread: no library logs or warns; values are read without validation.

    A thread of theirs that ends by an exception says only of which type. To be entered and left by one thread, in
    order: what was set before is put back at the end.
    """
    loggers = [logging.getLogger(name) for name in _TALKATIVE]
    levels = [logger.level for logger in loggers]
    handlers, hook = network.LOG_HANDLER_LEVEL, threading.excepthook
    for logger in loggers:
        logger.setLevel(_NEVER)
    network.LOG_HANDLER_LEVEL = "none"  # it would format every data set for a log that nobody reads
    threading.excepthook = _say_type
    try:
        with warnings.catch_warnings(), config.disable_value_validation():
            warnings.simplefilter("ignore")
            yield
    finally:
        threading.excepthook, network.LOG_HANDLER_LEVEL = hook, handlers
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _say_type(failure: threading.ExceptHookArgs) -> None:
    log.warning("A connection ended by %s.", failure.exc_type.__name__)
