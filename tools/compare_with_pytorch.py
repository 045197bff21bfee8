"""Evidence that the converted network in floats is right: the same checkpoint run by PyTorch.

Builds EfficientNet-Lite0 a second time, as plain PyTorch modules with their batch norms unfolded,
loads the checkpoint with PyTorch's own reader, and compares the features of the given photos (or
of drawn noise). Prints the largest difference; exits with 1 above 1e-4.

    pip install torch && python tools/compare_with_pytorch.py PHOTO...
"""

import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from sokkuri.core.types import Limits
from sokkuri.images.decode import decode
from sokkuri.models import resolve_model, weights_place
from sokkuri.models.builtin import FLOATS
from sokkuri.models.extractor import Extractor

TOLERANCE = 1e-4
STAGES = (
    # expansion, channels, repeats, stride, kernel
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)


class SameConv(nn.Conv2d):
    """A convolution padded as TensorFlow pads: the odd pixel at the bottom and right."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kernel, stride = self.kernel_size[0], self.stride[0]
        total = max(0, (-(-x.shape[-1] // stride) - 1) * stride + kernel - x.shape[-1])
        before, after = total // 2, total - total // 2
        return super().forward(functional.pad(x, (before, after, before, after)))


def conv(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> SameConv:
    return SameConv(inputs, outputs, kernel, stride, groups=groups, bias=False)


class Block(nn.Module):
    """An inverted residual; its parts bear the checkpoint's names."""

    def __init__(self, inputs: int, outputs: int, expansion: int, kernel: int, stride: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.expands, self.adds = expansion != 1, stride == 1 and inputs == outputs
        if self.expands:
            self._expand_conv = conv(inputs, hidden, 1)
            self._bn0 = nn.BatchNorm2d(hidden, eps=1e-3)
        self._depthwise_conv = conv(hidden, hidden, kernel, stride, groups=hidden)
        self._bn1 = nn.BatchNorm2d(hidden, eps=1e-3)
        self._project_conv = conv(hidden, outputs, 1)
        self._bn2 = nn.BatchNorm2d(outputs, eps=1e-3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = functional.relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        y = functional.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return x + y if self.adds else y


class Lite0(nn.Module):
    """EfficientNet-Lite0 up to the mean over the last activation."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = conv(3, 32, 3, 2)
        self._bn0 = nn.BatchNorm2d(32, eps=1e-3)
        blocks, width = [], 32
        for expansion, channels, repeats, stride, kernel in STAGES:
            for repeat in range(repeats):
                step = stride if repeat == 0 else 1
                blocks.append(Block(width, channels, expansion, kernel, step))
                width = channels
        self._blocks = nn.ModuleList(blocks)
        self._conv_head = conv(320, 1280, 1)
        self._bn1 = nn.BatchNorm2d(1280, eps=1e-3)
        self._fc = nn.Linear(1280, 1000)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.relu6(self._bn0(self._conv_stem(x)))
        for block in self._blocks:
            x = block(x)
        return functional.relu6(self._bn1(self._conv_head(x))).mean((2, 3))


def main(photos: list[str]) -> int:
    model = resolve_model(FLOATS)
    network = Lite0()
    path = weights_place(model.card)
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    network.eval()
    extractor = Extractor(model)
    rng = np.random.default_rng(0)
    pictures = [decode(Path(p).read_bytes(), model.card.pixels, Limits()).rgb for p in photos]
    pictures = pictures or [rng.integers(0, 256, (224, 224, 3), np.uint8) for _ in range(8)]
    worst = 0.0
    for rgb in pictures:
        x = (torch.from_numpy(rgb.astype(np.float32)).permute(2, 0, 1)[None] - 127) / 128
        with torch.inference_mode():
            expected = network(x).numpy()
        worst = max(worst, float(np.abs(extractor.extract(rgb[None]) - expected).max()))
    print(f"{len(pictures)} pictures, largest difference {worst:.2e}, allowed {TOLERANCE:.0e}")
    return int(worst > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
