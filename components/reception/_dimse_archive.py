"""An archive asked by DICOM's own services: C-FIND for what it has, C-MOVE to have it sent to our receiver."""

from collections.abc import Iterator, Sequence
from datetime import date

from pydicom import Dataset
from pynetdicom.association import Association
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelMove,
)

from components.errors import ServerError
from components.reception._partner import Partner, associated
from components.reception._query import FoundInstance, FoundStudy, StudyQuery

_PENDING, _SUCCESS = frozenset({0xFF00, 0xFF01}), 0x0000
_UNKNOWN_DESTINATION = 0xA801


class DimseArchive:
    """Query/Retrieve at study root."""

    def __init__(self, partner: Partner) -> None:
        self._partner = partner

    def studies(self, query: StudyQuery, day: date) -> Iterator[FoundStudy]:
        """The studies of a day that the query wants, with their instances of the wanted modalities.

        Raises:
            ServerError: the archive cannot be reached, refuses, or fails.
        """
        with associated(self._partner, [StudyRootQueryRetrieveInformationModelFind]) as association:
            wanted = _identifier("STUDY", StudyDate=f"{day:%Y%m%d}", StudyInstanceUID="", StudyDescription="")
            for study in _found(association, wanted):
                if query.describes(_text(study, "StudyDescription")):
                    uid = _text(study, "StudyInstanceUID")
                    if instances := tuple(_instances(association, uid, query.modalities)):
                        yield FoundStudy(uid=uid, instances=instances)

    def fetch(self, study: FoundStudy, missing: Sequence[FoundInstance], destination: str) -> None:
        """Has the archive send the missing instances to the AE title `destination`; returns when it has.

        Raises:
            ServerError: it cannot be reached, does not know the destination, or could not send all.
        """
        for series in sorted({instance.series for instance in missing}):
            of_series = [instance.uid for instance in study.instances if instance.series == series]
            lacking = [instance.uid for instance in missing if instance.series == series]
            wanted = _identifier("SERIES", StudyInstanceUID=study.uid, SeriesInstanceUID=series)
            if len(lacking) < len(of_series):
                wanted.QueryRetrieveLevel, wanted.SOPInstanceUID = "IMAGE", lacking
            with associated(self._partner, [StudyRootQueryRetrieveInformationModelMove]) as association:
                self._move(association, wanted, destination)

    def _move(self, association: Association, wanted: Dataset, destination: str) -> None:
        status = Dataset()
        for status, _ in association.send_c_move(wanted, destination, StudyRootQueryRetrieveInformationModelMove):
            if status.get("Status") not in _PENDING:
                break
        code = status.get("Status")
        if code == _SUCCESS:
            return
        if code == _UNKNOWN_DESTINATION:
            raise ServerError(
                f"{self._partner.aet} does not know the AE title {destination}: have it entered there, with this "
                "host and the port 'reception.port', or use DICOMweb ('archive.url')."
            )
        if code is None:
            raise _failure(association, "C-MOVE", code)
        raise ServerError(
            f"{self._partner.aet} could not send to {destination} (status {code:04X}): check that it has this host and "
            "the port 'reception.port' for us and reaches them ('reception.host' must not be loopback), then run the "
            "same again."
        )


def _instances(association: Association, study: str, modalities: tuple[str, ...]) -> Iterator[FoundInstance]:
    wanted = _identifier("SERIES", StudyInstanceUID=study, SeriesInstanceUID="", Modality="")
    for series in list(_found(association, wanted)):
        if modalities and _text(series, "Modality") not in modalities:
            continue
        uid = _text(series, "SeriesInstanceUID")
        of_series = _identifier("IMAGE", StudyInstanceUID=study, SeriesInstanceUID=uid, SOPInstanceUID="")
        for image in _found(association, of_series):
            yield FoundInstance(series=uid, uid=_text(image, "SOPInstanceUID"))


def _found(association: Association, wanted: Dataset) -> list[Dataset]:
    """All answers to a C-FIND: the next question may be asked on the same association."""
    if not association.is_established:
        raise _failure(association, "C-FIND", None)
    found = []
    for status, answer in association.send_c_find(wanted, StudyRootQueryRetrieveInformationModelFind):
        code = status.get("Status")
        if code in _PENDING and answer is not None:
            found.append(answer)
        elif code not in (_SUCCESS, *_PENDING):
            raise _failure(association, "C-FIND", code)
    return found


def _failure(association: Association, service: str, code: int | None) -> ServerError:
    theirs, ours = association.acceptor.ae_title.strip(), association.requestor.ae_title.strip()
    if code is None:
        return ServerError(
            f"{theirs} gave no answer to a {service}: have our AE title {ours} entered and allowed there; if it is, "
            "raise 'archive.timeout_s' or ask for fewer days."
        )
    return ServerError(f"{theirs} failed at a {service} (status {code:04X}): ask who runs it, and run the same again.")


def _identifier(level: str, **keys: str) -> Dataset:
    identifier = Dataset()
    identifier.QueryRetrieveLevel = level
    for keyword, value in keys.items():
        setattr(identifier, keyword, value)
    return identifier


def _text(ds: Dataset, keyword: str) -> str:
    return str(ds.get(keyword) or "").strip("\0 ")
