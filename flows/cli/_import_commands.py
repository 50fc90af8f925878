"""`radloop import`: a published dataset as base training data."""

from pathlib import Path
from typing import Literal

from components.errors import ConfigurationError
from components.findings import Dataset
from flows._telling import say
from flows.cli._common import Common, prefect_session

PLAIN = Common()


def import_dataset(
    dataset: Literal["chexpert", "mimic", "nih", "padchest", "vindr"],
    folder: Path,
    *,
    site: str = "published",
    common: Common = PLAIN,
) -> None:
    """Takes a published dataset in as training data for a first model (`radloop pretrain`).

    The folder is laid out as the dataset is published. The same dataset twice adds nothing; after an interruption, the
    same command goes on. What the dataset does not label is left out of the loss, not taken for absent. Answers with
    what became of each picture.

    Parameters
    ----------
    dataset
        chexpert: CheXpert, full or small. mimic: MIMIC-CXR-JPG. nih: ChestX-ray14. padchest: PadChest. vindr:
        VinDr-CXR.
    folder
        The folder with its tables and pictures.
    site
        Where it goes in the catalog: a site of its own, with patients and a split of its own.
    """
    if not folder.is_dir():
        raise ConfigurationError("The dataset's folder does not exist: correct its path.")
    settings = common.settings()
    if site == settings.site:
        raise ConfigurationError(f"'{site}' is this hospital's site: published studies need one of their own.")
    with prefect_session(settings, common):
        from flows.import_dataset import import_dataset as flow

        result = flow(Dataset(dataset), folder.absolute(), site)
    common.answer(result)
    if not common.json:
        for reason, count in result["left_out"].items():
            say(f"  left out, {reason}: {count}")
