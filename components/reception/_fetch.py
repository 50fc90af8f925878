"""Fetching from the archive: what is wanted and not here yet, study by study into the inbox."""

import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from pydicom import Dataset

from components.errors import ConfigurationError, ServerError, StorageError
from components.reception._arrivals import is_full
from components.reception._dimse_archive import DimseArchive
from components.reception._partner import Partner, associated
from components.reception._place import Place, open_place
from components.reception._query import FoundInstance, FoundStudy, StudyQuery
from components.reception._quiet import quiet_network
from components.reception._receiver import Receiver
from components.reception._tls import client_context
from components.reception._web_archive import WebArchive
from components.settings import ArchiveSettings, Settings

log = logging.getLogger(__name__)

_GIVE_UP_AFTER = 3

_ECHO = "1.2.840.10008.1.1"


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """What the archive had for a query, and what came of it."""

    studies: int = 0
    new_studies: int = 0
    failed_studies: int = 0
    instances: int = 0
    known_instances: int = 0


def fetch(settings: Settings, query: StudyQuery, progress: Callable[[int, int], None]) -> Fetched:
    """Brings the wanted studies of the archive into HOME/inbox; what was received before, by any way, is not fetched.

    Stopped in the middle, the next call goes on where it was. A study that fails does not keep the others away: it is
    counted, and the next call tries it again.

    Parameters:
        progress: called with (days done, days asked for).

    Raises:
        ConfigurationError: no archive is set.
        ServerError: it cannot be reached, refuses, or fails at every study or at several in a row.
        StorageError: the disk refuses.
    """
    with quiet_network(), open_place(settings) as place, _archive(settings, place) as (find, bring):
        place.arrivals.move_complete(quiet_s=settings.reception.quiet_s, now=time.time())  # of a run that was stopped
        visit = _Visit(place, bring)
        days = list(query.days())
        for number, day in enumerate(days, 1):
            for study in list(find(query, day)):  # first all questions: the archive need not keep a connection open
                visit.take(study)
            progress(number, len(days))
        return visit.counts()


class _Visit:
    """What has come of one visit to the archive so far."""

    def __init__(self, place: Place, bring: "_Bring") -> None:
        self._place, self._bring = place, bring
        self._failures_in_a_row = 0
        self._failure: ServerError | None = None
        self._fetched = Fetched()

    def take(self, study: FoundStudy) -> None:
        """Fetches one study and counts it; ServerError where several in a row have failed."""
        try:
            self._fetched = _one_study(study, self._place, self._bring, self._fetched)
        except ServerError as failure:
            self._failure = failure
            self._failures_in_a_row += 1
            if self._failures_in_a_row == _GIVE_UP_AFTER:
                raise
            log.warning("A study was not fetched whole, and is tried again next time: %s", failure)
            so_far = self._fetched
            self._fetched = replace(so_far, studies=so_far.studies + 1, failed_studies=so_far.failed_studies + 1)
        else:
            self._failures_in_a_row = 0

    def counts(self) -> Fetched:
        """What has come; ServerError where every study failed."""
        if self._failure is not None and self._fetched.failed_studies == self._fetched.studies:
            raise self._failure
        return self._fetched


def _one_study(study: FoundStudy, place: Place, bring: "_Bring", so_far: Fetched) -> Fetched:
    tokens = {place.tokens.instance(instance.uid): instance for instance in study.instances}
    known = place.journal.known(tokens)
    missing = [instance for token, instance in tokens.items() if token not in known]
    if missing:
        try:
            bring(study, missing)
            _must_be_known(place, missing)
        finally:
            place.arrivals.move_study(place.tokens.study(study.uid))  # what has come of it, too
    return replace(
        so_far,
        studies=so_far.studies + 1,
        new_studies=so_far.new_studies + bool(missing),
        instances=so_far.instances + len(missing),
        known_instances=so_far.known_instances + len(known),
    )


def _must_be_known(place: Place, instances: Sequence[FoundInstance]) -> None:
    """What the archive says it has sent must have been acknowledged by us."""
    wanted = [place.tokens.instance(instance.uid) for instance in instances]
    if absent := len(wanted) - len(place.journal.known(wanted)):
        raise ServerError(
            f"{absent} of {len(wanted)} instances of a study did not arrive: the archive sent them elsewhere, or they "
            "are no radiographs. Check the host and port it has for our AE title."
        )


_Find = Callable[[StudyQuery, date], Iterator[FoundStudy]]
_Bring = Callable[[FoundStudy, Sequence[FoundInstance]], None]


@contextmanager
def _archive(settings: Settings, place: Place) -> Iterator[tuple[_Find, _Bring]]:
    """How to find studies in the archive that is set, and how to bring instances from it."""
    archive = settings.archive
    if archive.url is not None:
        web = WebArchive(archive)
        yield web.studies, lambda study, missing: _download(web, study, missing, place)
    elif archive.aet is not None:
        ours = settings.reception.aet
        dimse = DimseArchive(_partner(archive, settings))
        with _receiving(settings, place):
            yield dimse.studies, lambda study, missing: dimse.fetch(study, missing, ours)
    else:
        raise ConfigurationError(
            "No archive is set: set 'archive.url' (DICOMweb), or 'archive.aet', 'archive.host' and 'archive.port'."
        )


def _partner(archive: ArchiveSettings, settings: Settings) -> Partner:
    return Partner(
        host=archive.host,
        port=archive.port,
        aet=archive.aet or "",
        ours=settings.reception.aet,
        timeout_s=archive.timeout_s,
        tls=client_context(settings.reception.tls) if archive.tls else None,
    )


@contextmanager
def _receiving(settings: Settings, place: Place) -> Iterator[None]:
    """The archive sends to our receiver: one of our own, unless `radloop listen` has the port already."""
    with ExitStack() as opened:
        receiver = Receiver(settings.reception, arrivals=place.arrivals, journal=place.journal, tokens=place.tokens)
        try:
            opened.enter_context(receiver)
        except ServerError as refusal:
            if not _listens_already(settings):
                raise refusal from None
        yield


def _listens_already(settings: Settings) -> bool:
    reception = settings.reception
    ourselves = Partner(
        host=reception.host,
        port=reception.port,
        aet=reception.aet,
        ours=reception.aet,
        timeout_s=reception.idle_s,
        tls=client_context(reception.tls) if reception.tls else None,
    )
    try:
        with associated(ourselves, [_ECHO]):
            return True
    except ServerError:
        return False


def _download(web: WebArchive, study: FoundStudy, missing: Sequence[FoundInstance], place: Place) -> None:
    for ds in web.instances(study, missing):
        try:
            _keep(ds, study, place)
        except OSError as error:
            why = "has no space left: free some" if is_full(error) else "cannot be written"
            raise StorageError(f"The home {why}, then run the same again; what was fetched is kept.") from None


def _keep(ds: Dataset, study: FoundStudy, place: Place) -> None:
    path, file = place.arrivals.begin()
    try:
        with file:
            ds.save_as(file, enforce_file_format=True)
            file.flush()
            os.fsync(file.fileno())
        token = place.tokens.instance(str(ds.SOPInstanceUID))
        place.arrivals.keep_instance(path, study=place.tokens.study(study.uid), instance=token)
        place.journal.add(token, datetime.now(UTC).date())
    finally:
        path.unlink(missing_ok=True)
