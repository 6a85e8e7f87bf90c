"""The network: a small residual one, written out in plain PyTorch.

It learns from random initialisation in minutes on a CPU, works for any image size from 8x8 up, and exports to ONNX
without special operators. Its weights do not depend on the image size, so weights learnt on one size start another.
"""

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """Everything needed to build the same network again; stands in the model's manifest.

    Args:
        widths: channels of each stage.
        blocks: residual blocks in each stage.
        first_stride: stride of the very first convolution.
        stage_strides: stride of the first block of each stage.
        dropout: share of the pooled features dropped in training.
    """

    num_classes: int
    widths: tuple[int, ...]
    blocks: tuple[int, ...]
    first_stride: int
    stage_strides: tuple[int, ...]
    dropout: float = 0.1

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(values: dict[str, Any]) -> "NetworkConfig":
        return NetworkConfig(
            num_classes=int(values["num_classes"]),
            widths=tuple(values["widths"]),
            blocks=tuple(values["blocks"]),
            first_stride=int(values["first_stride"]),
            stage_strides=tuple(values["stage_strides"]),
            dropout=float(values["dropout"]),
        )


WIDTHS = {"small": (24, 48, 96), "medium": (32, 64, 128, 192), "large": (48, 96, 192, 320)}
BLOCKS = {"small": (1, 1, 1), "medium": (1, 2, 2, 2), "large": (2, 2, 3, 2)}


def configure(size: str, num_classes: int, height: int, width: int, *, dropout: float = 0.1) -> NetworkConfig:
    """Choose the strides so that the last feature map is about 3 to 6 pixels on its shorter side."""
    widths = WIDTHS[size]
    halvings = 0
    while min(height, width) / 2 ** (halvings + 1) >= 3:
        halvings += 1
    in_stages = min(halvings, len(widths) - 1)
    first_stride = 2 ** min(halvings - in_stages, 2)
    # The first stages keep their size when the image is too small for every stage to halve it.
    strides = (1,) * (len(widths) - in_stages) + (2,) * in_stages
    return NetworkConfig(num_classes, widths, BLOCKS[size], first_stride, strides, dropout)


class Residual(nn.Module):
    """y = relu(x + f(x)), f of two 3x3 convolutions; a 1x1 convolution adapts x where shapes differ."""

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or channels_in != channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels_in, channels, 1, stride, bias=False), nn.BatchNorm2d(channels)
            )
        nn.init.zeros_(
            self.norm2.weight
        )  # each block starts as the identity: https://arxiv.org/abs/1706.02677

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        return torch.relu(y + self.shortcut(x))


class Network(nn.Module):
    """Normalised images [N,3,H,W] float -> logits [N,classes]."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.stem = nn.Sequential(
            nn.Conv2d(3, config.widths[0], 3, config.first_stride, 1, bias=False),
            nn.BatchNorm2d(config.widths[0]),
            nn.ReLU(),
        )
        stages: list[nn.Module] = []
        channels_in = config.widths[0]
        for channels, count, stride in zip(config.widths, config.blocks, config.stage_strides, strict=True):
            blocks = [Residual(channels_in, channels, stride)]
            blocks += [Residual(channels, channels, 1) for _ in range(count - 1)]
            stages.append(nn.Sequential(*blocks))
            channels_in = channels
        self.stages = nn.Sequential(*stages)
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(channels_in, config.num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stages(self.stem(x))
        logits: Tensor = self.head(self.dropout(x.mean((2, 3))))
        return logits


class Classifier(nn.Module):
    """What is tested, served and compiled: raw pixels in, probabilities out, so that no caller normalises anything.

    images [N,H,W,3] uint8 RGB -> probabilities [N,classes] float32.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, network: Network, mean: list[float], std: list[float]) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1))

    def normalise(self, images: Tensor) -> Tensor:
        """[N,H,W,3] uint8 -> [N,3,H,W] float of about zero mean and unit variance."""
        return (images.permute(0, 3, 1, 2).float() / 255.0 - self.mean) / self.std

    def forward(self, images: Tensor) -> Tensor:
        return torch.softmax(self.network(self.normalise(images)), dim=1)
