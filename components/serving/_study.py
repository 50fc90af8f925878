"""Several radiographs as one study, as evaluation sees it: its frontal images, and one lateral."""

from collections.abc import Sequence
from dataclasses import dataclass

from components.catalog import View
from components.errors import RefusedInputError
from components.serving._radiograph import Radiograph
from components.serving._refusal import RequestReason


@dataclass(frozen=True, kw_only=True)
class StudyImages:
    """At least one frontal image (or one that does not say its view), and the lateral where there is one."""

    frontal: tuple[Radiograph, ...]
    lateral: Radiograph | None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the reader should know of the images, each once."""
        return tuple(dict.fromkeys(warning for image in self.frontal for warning in image.warnings))


def one_study(images: Sequence[Radiograph]) -> StudyImages:
    """The images as one study.

    Raises:
        RefusedInputError: they are of several studies, none is frontal, or several are lateral.
    """
    if len({image.study for image in images}) > 1:
        raise RefusedInputError(RequestReason.SEVERAL_STUDIES, "The files are of several studies; send one at a time.")
    frontal = tuple(image for image in images if image.view is not View.LATERAL)
    lateral = [image for image in images if image.view is View.LATERAL]
    if not frontal:
        raise RefusedInputError(
            RequestReason.LATERAL, "The model needs a frontal radiograph; this study has lateral ones only."
        )
    if len(lateral) > 1:
        raise RefusedInputError(RequestReason.SEVERAL_LATERALS, "The study has several lateral images; send one.")
    return StudyImages(frontal=frontal, lateral=lateral[0] if lateral else None)
