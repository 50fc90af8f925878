"""What the receiver takes: radiographs in every transfer syntax that can be read here, and reports."""

from pydicom import uid
from pydicom.pixels.decoders.base import get_decoder
from pynetdicom.presentation import PresentationContext, build_context
from pynetdicom.sop_class import StorageCommitmentPushModel, Verification  # type: ignore[attr-defined]

IMAGES = (
    uid.ComputedRadiographyImageStorage,
    uid.DigitalXRayImageStorageForPresentation,
    uid.DigitalXRayImageStorageForProcessing,
    uid.SecondaryCaptureImageStorage,
    uid.MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    uid.MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    uid.MultiFrameTrueColorSecondaryCaptureImageStorage,
)
REPORTS = (
    uid.BasicTextSRStorage,
    uid.EnhancedSRStorage,
    uid.ComprehensiveSRStorage,
    uid.Comprehensive3DSRStorage,
)
_PLAIN = (
    uid.ExplicitVRLittleEndian,
    uid.ImplicitVRLittleEndian,
    uid.DeflatedExplicitVRLittleEndian,
    uid.ExplicitVRBigEndian,
)
_COMPRESSED = (
    *uid.JPEGTransferSyntaxes,
    *uid.JPEGLSTransferSyntaxes,
    uid.JPEG2000Lossless,
    uid.JPEG2000,
    uid.HTJ2KLossless,
    uid.HTJ2KLosslessRPCL,
    uid.HTJ2K,
    uid.RLELossless,
)


def offered_contexts() -> list[PresentationContext]:
    """Storage of images and reports, the question whether we are there, and storage commitment."""
    readable: list[str | uid.UID] = [*_PLAIN, *(syntax for syntax in _COMPRESSED if get_decoder(syntax).is_available)]
    return [
        *(build_context(image, readable) for image in IMAGES),
        *(build_context(report, list(_PLAIN)) for report in REPORTS),
        build_context(Verification),
        build_context(StorageCommitmentPushModel),
    ]
