"""From a snapshot to a trained model, in one Ray Train run; embeddings, and heads on them."""

from components.training._adapt import adapt
from components.training._embed import embeddings_of
from components.training._embed_images import Embedding, embed_images
from components.training._embeddings import Embeddings, backbones_digest, embeddings_holding, forget_rows
from components.training._finding_head import FINDING_NAME, Head, HeadConfig, SideCount, head_hash
from components.training._fit_head import FittedHead, Source, answers_of, fit_head
from components.training._report import EpochReport, TrainingResult
from components.training._train import train
from components.training._trials import Trial
from components.training._tune import TuneEpoch, TuneResult, TuneTrial, tune

__all__ = [
    "FINDING_NAME",
    "Embedding",
    "Embeddings",
    "EpochReport",
    "FittedHead",
    "Head",
    "HeadConfig",
    "SideCount",
    "Source",
    "TrainingResult",
    "Trial",
    "TuneEpoch",
    "TuneResult",
    "TuneTrial",
    "adapt",
    "answers_of",
    "backbones_digest",
    "embed_images",
    "embeddings_holding",
    "embeddings_of",
    "fit_head",
    "forget_rows",
    "head_hash",
    "train",
    "tune",
]
