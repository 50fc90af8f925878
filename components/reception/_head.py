"""Which study and instance a received data set belongs to, read within bounds: it may be hostile."""

import zlib
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from pydicom.datadict import tag_for_keyword
from pydicom.filereader import read_dataset
from pydicom.tag import BaseTag
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian

_STUDY = tag_for_keyword("StudyInstanceUID") or 0
_INSTANCE = tag_for_keyword("SOPInstanceUID") or 0
_INFLATED = 4 << 20  # of a deflated data set no more than this is looked at


def study_and_instance(path: Path, offset: int, syntax: UID) -> tuple[str, str] | None:
    """Study and SOP Instance UID of the data set that begins at `offset`; None where it does not tell them."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            readable: BinaryIO = file
            if syntax == DeflatedExplicitVRLittleEndian:
                readable = BytesIO(zlib.decompressobj(-zlib.MAX_WBITS).decompress(file.read(_INFLATED), _INFLATED))
            found = read_dataset(
                readable,
                is_implicit_VR=syntax.is_implicit_VR,
                is_little_endian=syntax.is_little_endian,
                stop_when=_beyond,
                specific_tags=[BaseTag(_INSTANCE), BaseTag(_STUDY)],
            )
            study, instance = (str(found[tag].value or "").strip("\0 ") for tag in (_STUDY, _INSTANCE))
    except OSError:
        raise
    except Exception:  # whatever a hostile data set breaks: it does not tell
        return None
    return (study, instance) if study and instance else None


def _beyond(tag: BaseTag, _vr: str | None, _length: int) -> bool:
    return int(tag) > _STUDY
