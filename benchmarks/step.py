"""The training step beside the same on one batch that never changes, and beside a plain PyTorch loop."""

import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import timm
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from benchmarks._table import machine, markdown
from benchmarks._trained import BATCH, device, images_per_s, task, write_pictures
from components.catalog import Side
from components.datasets import Snapshot
from components.findings import FINDINGS
from components.models import StudyNet, prepare
from components.settings import Precision
from components.training._loss import ensemble_loss
from components.training._optimizer import make_optimizer
from components.training._precision import has_bfloat16, mixed
from components.training._run import own_torch
from components.training._task import Task

_STORED, _SEEN = 512, 224  # a hospital's pictures; what the network takes
_IMAGES, _ROUNDS, _WORKERS = 160, 7, 2
_PLAIN = "plain PyTorch loop, float32"


class _Files(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    """What a plain loop reads: PNG files, decoded and varied by torchvision each time."""

    def __init__(self, files: list[Path], targets: torch.Tensor) -> None:
        self._files = files
        self._targets = targets
        self._varied = transforms.Compose(
            [
                transforms.Resize(_SEEN),
                transforms.RandomHorizontalFlip(0.5),
                transforms.RandomApply(
                    [transforms.RandomRotation(10, interpolation=transforms.InterpolationMode.BILINEAR)], p=0.5
                ),
                transforms.ToTensor(),
                transforms.Normalize(0.449, 0.226),
            ]
        )

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, number: int) -> tuple[torch.Tensor, torch.Tensor]:
        with Image.open(self._files[number]) as picture:
            return self._varied(picture), self._targets[number]


def run() -> str:
    """Images a second of each, and the shares and ratios; the median over rounds in which they take turns."""
    with tempfile.TemporaryDirectory() as folder:
        # The product packs pictures of the size that the network takes; the plain loop has what a hospital exports.
        stored = write_pictures(Path(folder) / "stored", images=_IMAGES, size=_STORED)
        packed = write_pictures(Path(folder) / "packed", images=_IMAGES, size=_SEEN)
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as elsewhere:
            rates = _rates(_contenders(packed, _files(stored, Path(folder)), elsewhere))
    rows = [
        [name, f"{statistics.median(of):.1f}", _times(rates, name), _share(rates, name)] for name, of in rates.items()
    ]
    columns = ["", "images/s", "times the plain loop", "share of the same step on one batch"]
    return f"{markdown(columns, rows)}\n\nMobileNetV2, {_SEEN} px, batches of {BATCH}; {machine()}."


def _contenders(packed: Snapshot, files: _Files, elsewhere: ProcessPoolExecutor) -> dict[str, Callable[[], float]]:
    def ours(**settings: object) -> Callable[[], float]:
        return lambda: images_per_s(task(packed, size=_SEEN, **settings), device())

    def one_batch(**settings: object) -> Callable[[], float]:
        return lambda: _one_batch(task(packed, size=_SEEN, **settings), packed)

    found = {_PLAIN: lambda: elsewhere.submit(_plain, files).result()}
    found |= {"float32": ours(), "float32, one batch": one_batch()}
    if has_bfloat16(device()):
        low = {"precision": Precision.BFLOAT16}
        found |= {
            "bfloat16": ours(**low),
            "bfloat16, one batch": one_batch(**low),
            "bfloat16, moving average": ours(**low, ema=0.99),
        }
        if device().type == "cuda":
            found["bfloat16, compiled"] = ours(**low, compile=True)
    return found


def _rates(contenders: dict[str, Callable[[], float]]) -> dict[str, list[float]]:
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(_ROUNDS):
        names = list(contenders)
        for name in names[number % len(names) :] + names[: number % len(names)]:
            rates[name].append(contenders[name]())
    return rates


def _times(rates: dict[str, list[float]], name: str) -> float:
    return statistics.median(one / other for one, other in zip(rates[name], rates[_PLAIN], strict=True))


def _share(rates: dict[str, list[float]], name: str) -> str:
    alone = rates.get(f"{name}, one batch")
    if alone is None:
        return ""
    return f"{statistics.median(one / other for one, other in zip(rates[name], alone, strict=True)):.1%}"


def _files(snapshot: Snapshot, folder: Path) -> _Files:
    """The training pictures as PNG files."""
    rows = snapshot.rows(Side.TRAIN)
    files = []
    for row in rows["row"]:
        files.append(folder / f"{row}.png")
        Image.fromarray(snapshot.pixels[int(row)]).save(files[-1])
    targets = torch.from_numpy(rows[[f"target_{finding.value}" for finding in FINDINGS]].to_numpy(copy=True))
    return _Files(files, targets)


def _plain(files: _Files) -> float:
    """In a process of its own, where nothing is set that the product sets; a worker a core reads the files."""
    loader = DataLoader(
        files, BATCH, shuffle=True, num_workers=_WORKERS, persistent_workers=True, pin_memory=device().type == "cuda"
    )
    network = timm.create_model("mobilenetv2_100", in_chans=1, num_classes=len(FINDINGS), drop_rate=0.2).to(device())
    optimizer, loss_of = torch.optim.AdamW(network.parameters()), nn.BCEWithLogitsLoss()
    network.train()

    def epoch() -> None:
        losses = []
        for inputs, targets in loader:
            loss = loss_of(network(inputs.to(device())), targets.to(device()))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        float(sum(losses))  # waits for a GPU

    return _second_epoch(epoch)


def _one_batch(work: Task, snapshot: Snapshot) -> float:
    """The step without what goes before it: one prepared batch again and again."""
    network = StudyNet(work.model).solo.to(device())
    network.to(memory_format=torch.channels_last)
    network.train()
    optimizer = make_optimizer(network, work.settings)
    inputs = prepare(torch.from_numpy(snapshot.pixels[:BATCH]).to(device()), _SEEN)
    inputs = inputs.contiguous(memory_format=torch.channels_last)
    targets = torch.zeros(BATCH, len(FINDINGS), device=device())
    weights, positive = torch.ones_like(targets), torch.ones(len(FINDINGS), device=device())

    def epoch() -> None:
        losses = []
        for _ in range(_IMAGES // BATCH):
            with mixed(work.settings.precision == Precision.BFLOAT16, device()):
                logits = network(inputs)
            loss = ensemble_loss(logits, targets, weights, positive=positive)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        float(sum(losses))  # waits for a GPU

    with own_torch(None):  # with the product's use of memory and kernels
        return _second_epoch(epoch)


def _second_epoch(epoch: Callable[[], None]) -> float:
    """Images a second; in the first epoch the memory is new to the process, as in `images_per_s`."""
    epoch()
    start = time.perf_counter()
    epoch()
    return _IMAGES / (time.perf_counter() - start)
