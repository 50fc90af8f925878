"""An ordinary PyTorch loop: picture files, torchvision transforms, DataLoader, BCE, Adam, MobileNetV2 at 160 pixels."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision.models import mobilenet_v2
from torchvision.transforms import v2

_SIZE, _BATCH, _RATE = 160, 32, 1e-3
_NORMALISED = [
    v2.ToImage(),
    v2.ToDtype(torch.float32, scale=True),
    v2.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
]
_VARIED = v2.Compose([v2.Resize((_SIZE, _SIZE)), v2.RandomHorizontalFlip(), v2.RandomRotation(10), *_NORMALISED])
_AS_IT_IS = v2.Compose([v2.Resize((_SIZE, _SIZE)), *_NORMALISED])


class PlainLoop:
    """A network of so many labels; it learns from files, as often as it is told to."""

    def __init__(self, labels: int, *, seed: int) -> None:
        torch.manual_seed(seed)
        self.network = mobilenet_v2(weights=None, num_classes=labels)

    def learn(self, files: Sequence[Path], truth: NDArray[np.float32], *, epochs: int) -> None:
        """So many passes over the files; truth is [N, labels]."""
        loader = DataLoader(_Pictures(files, _VARIED, truth), batch_size=_BATCH, shuffle=True, drop_last=True)
        optimizer, loss_of = torch.optim.Adam(self.network.parameters(), lr=_RATE), nn.BCEWithLogitsLoss()
        self.network.train()
        for _ in range(epochs):
            for pictures, targets in loader:
                loss = loss_of(self.network(pictures), targets)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()

    @torch.inference_mode()
    def predict(self, files: Sequence[Path]) -> NDArray[np.float32]:
        """Probabilities, [N, labels]."""
        self.network.eval()
        nothing = np.zeros((len(files), 1), dtype=np.float32)
        loader = DataLoader(_Pictures(files, _AS_IT_IS, nothing), batch_size=_BATCH)
        return torch.cat([self.network(pictures).sigmoid() for pictures, _ in loader]).numpy()


class _Pictures(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    def __init__(self, files: Sequence[Path], transform: v2.Transform, truth: NDArray[np.float32]) -> None:
        self._files, self._transform, self._truth = files, transform, torch.from_numpy(truth)

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, number: int) -> tuple[torch.Tensor, torch.Tensor]:
        with Image.open(self._files[number]) as picture:
            return self._transform(picture.convert("RGB")), self._truth[number]
