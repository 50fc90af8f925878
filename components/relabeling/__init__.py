"""Which studies people should read, and their readings: Label Studio out and in."""

from components.relabeling._form import labelling_config
from components.relabeling._project import ReadingProject
from components.relabeling._pull import Pulled, pull
from components.relabeling._push import Pushed, push
from components.relabeling._select import select
from components.relabeling._server import (
    USERNAME,
    label_studio_command,
    label_studio_installed,
    label_studio_token,
    pictures_folder,
    prepare_label_studio,
    wait_ready,
)
from components.relabeling._task import Task, Why

__all__ = [
    "USERNAME",
    "Pulled",
    "Pushed",
    "ReadingProject",
    "Task",
    "Why",
    "label_studio_command",
    "label_studio_installed",
    "label_studio_token",
    "labelling_config",
    "pictures_folder",
    "prepare_label_studio",
    "pull",
    "push",
    "select",
    "wait_ready",
]
