"""Gradient descent on the y of one image, the networks of its codec fixed."""

import math
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from litcodec.codecs import Codec
from litcodec.frozen import TrainingInfo
from litcodec.frozen.rd_cost import objective_of
from litcodec.objectives import Objective
from litcodec.refinement.gumbel import GumbelQuantiser

LEARNING_RATE = 1e-2  # of Adam, in quantisation steps; it falls to a tenth along half a cosine
HOT, COLD = 1.0, 0.1  # temperatures at the first and the last iteration
TILE = 1024  # pixels: the longest side that is refined at once, which bounds memory
MARGIN = 64  # pixels about a tile that are refined with it and thrown away


class LatentRefiner:
    """A ``Refiner``: finds latents for which ``R + lmbda * D`` of a codec's own objective is less.

    z stays that of the analysis transforms: h_a of a refined y gives one that predicts worse.

    Args:
        twin: the codec in float32, with the weights of the frozen one.
        iterations: steps of gradient descent on each tile.
        progress: called after each of them with the part of the image that is done, 0 to 1.
    """

    def __init__(
        self, twin: Codec, iterations: int, progress: Callable[[float], None] = lambda done: None
    ) -> None:
        self._twin = twin.requires_grad_(False).train().to(memory_format=torch.channels_last)
        self._iterations, self._progress = iterations, progress
        self._codec: tuple[float, Codec] | None = None  # of the last lmbda

    def __call__(self, x: Tensor, y: Tensor, z_hat: Tensor, training: TrainingInfo) -> Tensor:
        """Refined ``y`` (1, M, h, w) of the image ``x`` (1, 3, H, W), to be rounded to the nearest.

        Raises:
            ArchitectureError: if the codec's y cannot be refined.
        """
        objective, lmbda = objective_of(training), training.lmbda
        assert objective is not None
        assert lmbda is not None
        with torch.inference_mode(False), torch.enable_grad():
            codec, x, refined = self._at(lmbda), x.to(y.device, torch.float32, copy=True), y.clone()
            z_hat = z_hat.clone()
            tiles = list(_tiles(y, z_hat, codec.downsampling_factor))
            for k, tile in enumerate(tiles):

                def progress(done: float, k: int = k) -> None:
                    self._progress((k + done) / len(tiles))

                start = _Latents(x[tile.pixels], y[tile.of_y].clone(), z_hat[tile.of_z])
                found = self._refined(codec, start, objective, lmbda, progress)
                refined[tile.kept] = found[tile.kept_of_tile]
        return refined

    def _at(self, lmbda: float) -> Codec:
        """The codec of one rate."""
        if self._codec is None or self._codec[0] != lmbda:
            rates = self._twin.lmbda_range
            # The lmbda of the last level may be beyond the range by a rounding error.
            near = lmbda if rates is None else min(max(lmbda, rates.lmbda_min), rates.lmbda_max)
            self._codec = lmbda, self._twin.at_lmbda(near) or self._twin
        return self._codec[1]

    def _refined(
        self,
        codec: Codec,
        start: "_Latents",
        objective: Objective,
        lmbda: float,
        progress: Callable[[float], None],
    ) -> Tensor:
        """Y of one tile, refined."""
        x, y, z_hat = start
        quantiser, found = GumbelQuantiser(seed=0).train(), y.clone().requires_grad_()
        adam = torch.optim.Adam([found], lr=LEARNING_RATE)
        H, W = x.shape[2:]
        for k in range(self._iterations):
            place = k / self._iterations
            quantiser.temperature = HOT * (COLD / HOT) ** place
            adam.param_groups[0]["lr"] = LEARNING_RATE * (0.1 + 0.45 * (1 + math.cos(math.pi * place)))
            # The exact coder decides in the end: here even a likelihood may have 8 bits.
            with torch.autocast(x.device.type, torch.bfloat16, enabled=_has_bfloat16(x.device)):
                output = codec.from_latents(found, z_hat=z_hat, size=(H, W), quantiser=quantiser)
            # Bits of the image rather than of a pixel: gradients far above the epsilon of Adam.
            loss = objective.loss(output, x, lmbda=lmbda).loss * (H * W)
            loss.backward()  # type: ignore[no-untyped-call]
            adam.step()
            adam.zero_grad()
            progress((k + 1) / self._iterations)
        return found.detach()


class _Latents(NamedTuple):
    """What refining starts from."""

    x: Tensor  # (1, 3, H, W)
    y: Tensor  # (1, M, h, w)
    z_hat: Tensor  # (1, N, h/s, w/s)


Index = tuple[slice, ...]


class _Tile(NamedTuple):
    """A part of an image, with a margin and without it."""

    pixels: Index  # with it
    of_y: Index
    of_z: Index
    kept: Index  # of y, without it
    kept_of_tile: Index  # the same, counted from where ``of_y`` begins


def _tiles(y: Tensor, z_hat: Tensor, factor: int) -> Iterator[_Tile]:
    """The tiles of an image, all of about one size; ``factor`` pixels for each row of z."""
    unit = y.shape[2] // z_hat.shape[2]
    for rows in _spans(z_hat.shape[2], unit, factor):
        for columns in _spans(z_hat.shape[3], unit, factor):
            yield _Tile(*((slice(None), slice(None), *each) for each in zip(rows, columns, strict=True)))


def _spans(length: int, unit: int, factor: int) -> Iterator[tuple[slice, slice, slice, slice, slice]]:
    """Cuts ``length`` rows or columns of z into equal parts; the slices of a ``_Tile`` in one dimension."""
    margin, count = -(-MARGIN // factor), -(-length * factor // TILE)
    for first, last in pairwise(length * k // count for k in range(count + 1)):
        begin, end = max(0, first - margin), min(length, last + margin)
        yield (
            slice(begin * factor, end * factor),
            slice(begin * unit, end * unit),
            slice(begin, end),
            slice(first * unit, last * unit),
            slice((first - begin) * unit, (last - begin) * unit),
        )


def _has_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 is faster than float32."""
    return device.type != "cpu" or bool(torch.cpu.get_capabilities().get("avx512_bf16"))
