"""An instance on its way to the disk: pynetdicom's messages write to it in the place of a buffer in memory."""

import os
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from pydicom.filebase import DicomIO
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import UID
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.dimse_messages import C_STORE_RQ, DIMSEMessage
from pynetdicom.dsutils import create_file_meta

from components.reception._arrivals import Arrivals

if TYPE_CHECKING:
    from pynetdicom.association import Association
    from pynetdicom.pdu_primitives import P_DATA

_PREAMBLE = bytes(128) + b"DICM"
_LARGEST_IN_MEMORY = 8 << 20  # of every message that is no C-STORE: a query, a list of instances to commit


class Spool(BytesIO):
    """The data set of one DIMSE message: a C-STORE's goes to a file, any other's stays in memory, bounded.

    What the disk refuses, or what is larger than an instance may be, does not end the association: the rest is let
    pass, and the answer says why. `path` is None where nothing was kept.
    """

    def __init__(self, message: DIMSEMessage, association: "Association", arrivals: Arrivals, largest: int) -> None:
        super().__init__()
        self._message, self._association, self._arrivals, self._largest = message, association, arrivals, largest
        self._file: BinaryIO | None = None
        self._written = 0
        self.path: Path | None = None
        self.offset = 0
        self.failure: OSError | None = None
        self.too_large = False

    def write(self, data: Any) -> int:
        """Takes the next part of the data set."""
        if not isinstance(self._message, C_STORE_RQ):
            if self.tell() + len(data) > _LARGEST_IN_MEMORY:
                raise ValueError("a message larger than any should be")
            return super().write(data)
        self._written += len(data)
        self.too_large = self.too_large or self._written > self._largest
        try:
            if self.too_large:
                self.discard()
            elif self.failure is None:
                self._opened().write(data)
        except OSError as error:
            self.failure = error
            self.discard()
        return len(data)

    def synced(self) -> Path | None:
        """The file, whole and on the disk; None where the data set was empty. OSError where the disk refuses."""
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        return self.path

    def discard(self) -> None:
        """Removes the file."""
        if self._file is not None:
            with suppress(OSError):  # closing flushes, which a full disk refuses
                self._file.close()
        if self.path is not None:
            self.path.unlink(missing_ok=True)
        self._file = self.path = None

    def close(self) -> None:
        """Removes what was not given a name: the connection broke, or the instance was refused."""
        self.discard()
        super().close()

    def _opened(self) -> BinaryIO:
        if self._file is None:
            self.path, self._file = self._arrivals.begin()
            self._file.write(_PREAMBLE)
            write_file_meta_info(DicomIO(self._file), create_file_meta(**self._names()), enforce_standard=True)
            self.offset = self._file.tell()
        return self._file

    def _names(self) -> dict[str, UID]:
        command, context = self._message.command_set, self._message.context_id or 0
        return {
            "sop_class_uid": UID(command.AffectedSOPClassUID),
            "sop_instance_uid": UID(command.AffectedSOPInstanceUID),
            "transfer_syntax": UID(self._association._accepted_cx[context].transfer_syntax[0]),
        }


class SpoolingProvider(DIMSEServiceProvider):
    """pynetdicom's provider of DIMSE messages, with data sets going to the disk as they come."""

    def __init__(self, association: "Association", arrivals: Arrivals, largest: int) -> None:
        super().__init__(association)
        self._arrivals, self._largest = arrivals, largest

    def receive_primitive(self, primitive: "P_DATA") -> None:
        """Takes one P-DATA primitive of the message that is being received."""
        if self.message is None:
            self.message = DIMSEMessage()
            self.message.data_set = Spool(self.message, self.assoc, self._arrivals, self._largest)
        super().receive_primitive(primitive)

    def abandon(self) -> None:
        """Removes what has been received of an instance whose connection ended."""
        if self.message is not None and isinstance(self.message.data_set, Spool):
            self.message.data_set.close()
