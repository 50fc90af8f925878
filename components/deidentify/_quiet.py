"""Silence around pydicom, whose warnings quote the values of elements."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from pydicom import config

_TALKATIVE = ("pydicom", "pylibjpeg", "hl7")
_NEVER = logging.CRITICAL + 1


@contextmanager
def quiet_dicom() -> Iterator[list[warnings.WarningMessage]]:
    """The warnings raised inside, kept from stderr and every log; values are read without validation.

    What a caller learns from the list it must say in its own words: a warning's text may name a patient.
    """
    loggers = [logging.getLogger(name) for name in _TALKATIVE]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(_NEVER)
    try:
        with warnings.catch_warnings(record=True) as caught, config.disable_value_validation():
            warnings.simplefilter("always")
            yield caught
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
