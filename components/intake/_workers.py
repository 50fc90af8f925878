"""How many processes prepare images."""

import os

_MANY = 1000
"""From so many files on, the seconds that Ray takes to start are soon won back."""


def workers_for(files: int, wanted: int | None, *, after_crash: bool) -> int:
    """What was wanted; by default none but this process for few files, else one a core.

    After a run that was ended, one at least: what crashed that process would crash this one as well.
    """
    if wanted is not None:
        return wanted
    few = 1 if after_crash else 0
    return few if files < _MANY else os.cpu_count() or 1
