"""The refusals of the service and their HTTP status."""

from enum import StrEnum
from http import HTTPStatus

from components.errors import RefusedInputError

_STATUS = {
    "not_dicom": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "empty": HTTPStatus.BAD_REQUEST,
    "unknown_finding": HTTPStatus.BAD_REQUEST,
    "not_multipart": HTTPStatus.BAD_REQUEST,
    "several_studies": HTTPStatus.BAD_REQUEST,
}


class RequestReason(StrEnum):
    """Why a request is refused before its file is looked at, or for more than its file."""

    EMPTY = "empty"
    NOT_MULTIPART = "not_multipart"
    UNKNOWN_FINDING = "unknown_finding"
    TOO_LARGE = "too_large"
    LATERAL = "lateral"
    SEVERAL_STUDIES = "several_studies"
    SEVERAL_LATERALS = "several_laterals"


def status_of(refused: RefusedInputError) -> HTTPStatus:
    """415 for no DICOM, 413 for too large, 400 for a wrong request, 422 for a file that the model cannot read."""
    return _STATUS.get(refused.reason.value, HTTPStatus.UNPROCESSABLE_ENTITY)
