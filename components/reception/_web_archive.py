"""An archive asked by DICOMweb: QIDO-RS for what it has, WADO-RS for the files, one instance at a time."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import partial
from http import HTTPStatus
from typing import Any

import requests
from dicomweb_client.web import DICOMwebClient
from pydicom import Dataset
from pydicom.datadict import tag_for_keyword
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from components.errors import ServerError
from components.reception._query import FoundInstance, FoundStudy, StudyQuery
from components.settings import ArchiveSettings

_PAGE = 200
_ANY_SYNTAX = (("application/dicom", "*"),)  # as the archive has it, not recompressed for us


class WebArchive:
    """QIDO-RS and WADO-RS, with the archive's token or user."""

    def __init__(self, settings: ArchiveSettings) -> None:
        self._url = str(settings.url).rstrip("/")
        self._client = DICOMwebClient(
            self._url,
            session=_session(settings),
            headers={"Authorization": f"Bearer {settings.token.get_secret_value()}"} if settings.token else None,
            timeout=settings.timeout_s,
            permissive_uid=True,
        )
        self._client.set_http_retry_params(retry=False)  # the session does

    def studies(self, query: StudyQuery, day: date) -> Iterator[FoundStudy]:
        """The studies of a day that the query wants, with their instances of the wanted modalities.

        Raises:
            ServerError: the archive cannot be reached, refuses, or fails.
        """
        of_day = partial(
            self._client.search_for_studies,
            search_filters={"StudyDate": f"{day:%Y%m%d}"},
            fields=["StudyDescription"],
        )
        for study in self._pages(of_day):
            uid = _text(study, "StudyInstanceUID")
            if query.describes(_text(study, "StudyDescription")) and (
                instances := tuple(self._instances(uid, query.modalities))
            ):
                yield FoundStudy(uid=uid, instances=instances)

    def instances(self, study: FoundStudy, missing: Sequence[FoundInstance]) -> Iterator[Dataset]:
        """Each missing instance with its file meta information, in the transfer syntax that the archive keeps.

        Raises:
            ServerError: the archive cannot be reached, refuses, or fails.
        """
        for instance in missing:
            with _explained(self._url):
                ds = self._client.retrieve_instance(study.uid, instance.series, instance.uid, _ANY_SYNTAX)
            yield ds

    def _instances(self, study: str, modalities: tuple[str, ...]) -> Iterator[FoundInstance]:
        for series in self._pages(partial(self._client.search_for_series, study, fields=["Modality"])):
            if modalities and _text(series, "Modality") not in modalities:
                continue
            uid = _text(series, "SeriesInstanceUID")
            for image in self._pages(partial(self._client.search_for_instances, study, uid)):
                yield FoundInstance(series=uid, uid=_text(image, "SOPInstanceUID"))

    def _pages(self, ask: Callable[..., list[dict[str, Any]]]) -> Iterator[dict[str, Any]]:
        """All answers to a question, some at a time."""
        offset = 0
        while True:
            with _explained(self._url):
                page = ask(limit=_PAGE, offset=offset)
            yield from page
            offset += len(page)
            if len(page) < _PAGE:
                return


@contextmanager
def _explained(url: str) -> Iterator[None]:
    """What goes wrong in HTTP as one line that says what to do.

    Raises:
        ServerError: any of it.
    """
    try:
        yield
    except requests.HTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        raise ServerError(_ADVICE.get(status, f"The archive at {url} failed (HTTP {status}): {_AGAIN}")) from None
    except requests.exceptions.SSLError:
        raise ServerError(f"The certificate of {url} cannot be verified: set 'archive.ca' to who signed it.") from None
    except requests.Timeout:
        raise ServerError(f"{url} gave no answer in time: raise 'archive.timeout_s', or ask for fewer days.") from None
    except (requests.RequestException, ValueError):
        raise ServerError(f"No DICOMweb answer from {url}: check 'archive.url', and that the archive runs.") from None


def _session(settings: ArchiveSettings) -> requests.Session:
    """Connections to the archive alone: no proxy or password file of this machine is looked at."""
    session = requests.Session()
    session.trust_env = False
    if settings.ca is not None:
        session.verify = str(settings.ca)
    if settings.user is not None:
        session.auth = (settings.user, settings.password.get_secret_value() if settings.password else "")
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=_RETRIES))
    return session


def _text(found: dict[str, Any], keyword: str) -> str:
    """An attribute of a DICOM JSON object (PS3.18 annex F)."""
    values = found.get(f"{tag_for_keyword(keyword) or 0:08X}", {}).get("Value") or [""]
    return str(values[0] or "").strip()


_AGAIN = "ask who runs it, and run the same again."
_ADVICE: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: "The archive does not accept us (HTTP 401): set 'archive.token', or 'archive.user' and "
    "'archive.password'.",
    HTTPStatus.FORBIDDEN: "The archive does not allow us to ask (HTTP 403): have the account given the right to read.",
    HTTPStatus.NOT_FOUND: "The archive has no DICOMweb there (HTTP 404): correct 'archive.url', for Orthanc "
    "http://HOST:8042/dicom-web.",
}
_RETRIES = Retry(total=3, backoff_factor=0.5, status_forcelist=(429, 502, 503, 504), allowed_methods=["GET"])
