"""Which studies people should read, and their readings: Label Studio out and in."""

from components.relabeling._agreement import Level, agreement, cohen_kappa, krippendorff_alpha
from components.relabeling._form import labelling_config
from components.relabeling._noise import LabelNoise, confident_joint, label_noise
from components.relabeling._project import ReadingProject, ReadingTask, project_title
from components.relabeling._pull import Pulled, pull
from components.relabeling._push import Pushed, push
from components.relabeling._queue import QueueState, queue_state
from components.relabeling._removal import remove_tasks
from components.relabeling._select import select, select_reference
from components.relabeling._server import (
    USERNAME,
    label_studio_command,
    label_studio_installed,
    label_studio_token,
    pictures_folder,
    prepare_label_studio,
    wait_ready,
)
from components.relabeling._task import Purpose, Task, Why
from components.relabeling._value import out_of_fold

__all__ = [
    "USERNAME",
    "LabelNoise",
    "Level",
    "Pulled",
    "Purpose",
    "Pushed",
    "QueueState",
    "ReadingProject",
    "ReadingTask",
    "Task",
    "Why",
    "agreement",
    "cohen_kappa",
    "confident_joint",
    "krippendorff_alpha",
    "label_noise",
    "label_studio_command",
    "label_studio_installed",
    "label_studio_token",
    "labelling_config",
    "out_of_fold",
    "pictures_folder",
    "prepare_label_studio",
    "project_title",
    "pull",
    "push",
    "queue_state",
    "remove_tasks",
    "select",
    "select_reference",
    "wait_ready",
]
