"""Latents <-> bytes, for each kind of prior: the part of a frozen codec that must be exact.

Quantised latents are handled on a grid of 2^-12 as integers in float64 (see ``entropy.fixed_point``). Only
the encoder touches floats: it rounds ``y`` once. Everything the decoder computes before the synthesis
transform is integers.
"""

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from litcodec.codecs.frozen import Coded
from litcodec.codecs.strips import in_strips
from litcodec.coding import SYMBOL_MAX, IntegerTables, RangeCoder, check_tables, information
from litcodec.entropy import (
    FactorizedDensity,
    FixedPointNet,
    factorized_tables,
    gaussian_tables,
    scale_thresholds,
)
from litcodec.entropy.fixed_point import FRACTION_BITS, FixedPointLayer
from litcodec.errors import FreezeError

GRID = 2.0**FRACTION_BITS
Y_PER_Z = 4  # rows of y for each row of z
PIXELS_PER_Z = 64  # image rows, and columns, for each of z


class FactorizedLatentCoder:
    """Codes a latent whose every channel has one integer table.

    Args:
        tables: one row per channel.
        medians: (C,), float64 integers in units of 2^-12: what symbol 0 of each channel stands for.
    """

    def __init__(self, tables: IntegerTables, medians: Tensor) -> None:
        if len(tables.lengths) != len(medians):
            raise FreezeError(f"{len(medians)} medians do not fit tables for {len(tables.lengths)} channels.")
        self.tables, self.medians = tables, medians
        self._coder = RangeCoder(tables)

    @classmethod
    def from_density(cls, density: FactorizedDensity) -> "FactorizedLatentCoder":
        """Tabulate a learned density, rounding about its medians."""
        # In float64 on the CPU, where neither autocast nor TF32 can blur them.
        exact = copy.deepcopy(density).cpu().double()
        for name, parameter in exact.named_parameters():
            if not parameter.isfinite().all():
                raise FreezeError(f"weight density.{name} is not finite; the codec has diverged.")
        medians = torch.round(exact.medians().flatten() * GRID)
        return cls(factorized_tables(exact, medians / GRID), medians)

    @classmethod
    def from_tensors(
        cls, name: str, tensors: Mapping[str, Tensor], *, channels: int
    ) -> "FactorizedLatentCoder":
        """Read back what ``tensors`` gave."""
        medians = _take(tensors, f"{name}.medians")
        if medians.shape != (channels,):
            raise FreezeError(f"{name} has {channels} channels; medians {tuple(medians.shape)} do not fit.")
        return cls(_tables_from(name, tensors), medians.double())

    def tensors(self, name: str) -> dict[str, Tensor]:
        """What a codec file has to hold of this coder."""
        return {**_tables_to(name, self.tables), f"{name}.medians": self.medians.to(torch.int32)}

    def encoder_tensors(self) -> dict[str, Tensor]:
        """Nothing: encoder and decoder need the same."""
        return {}

    def bits(self, y: Tensor) -> tuple[Tensor, ...]:
        """See ``LatentCoder``."""
        symbols = _round(y.double().cpu() * GRID - self._centre())
        return (_bits(self.tables, symbols, self._rows(*y.shape[2:])),)

    def encode(self, y: Tensor) -> Coded:
        """Code ``y`` (1, C, h, w) as one string."""
        string, grid, escapes, clipped = self.encode_to_grid(y)
        return Coded((string,), (grid / GRID).float(), grid.numel(), escapes, clipped)

    def decode(self, strings: tuple[bytes, ...], h: int, w: int) -> Tensor:
        """The ``y_hat`` (1, C, h, w) of strings made by ``encode``.

        Raises:
            Corrupt: if the strings cannot have been made by ``encode``.
        """
        return (self.decode_to_grid(strings[0], h, w) / GRID).float()

    @property
    def latents(self) -> int:
        """How many strings ``encode`` makes."""
        return 1

    def encode_to_grid(self, v: Tensor) -> tuple[bytes, Tensor, int, int]:
        """The string, the quantised values on the grid, escapes, clipped."""
        symbols = _round(v.double().cpu() * GRID - self._centre())
        encoded = self._coder.encode(_flat(symbols), self._rows(*v.shape[2:]))
        return encoded.data, self._to_grid(symbols), encoded.escapes, encoded.clipped

    def decode_to_grid(self, string: bytes, h: int, w: int) -> Tensor:
        """The quantised values on the grid, (1, C, h, w)."""
        symbols = self._coder.decode(string, self._rows(h, w))
        return self._to_grid(torch.from_numpy(symbols).double().reshape(1, -1, h, w))

    def _centre(self) -> Tensor:
        return self.medians[None, :, None, None]

    def _to_grid(self, symbols: Tensor) -> Tensor:
        return symbols.clamp(-SYMBOL_MAX, SYMBOL_MAX) * GRID + self._centre()

    def _rows(self, h: int, w: int) -> "np.ndarray[tuple[int], np.dtype[np.uint16]]":
        return np.repeat(np.arange(len(self.medians), dtype=np.uint16), h * w)


class HyperpriorLatentCoder:
    """Codes ``y`` with Gaussians whose parameters the side information ``z`` tells.

    Args:
        h_a: hyper-analysis, float32; only the encoder runs it.
        h_s: hyper-synthesis in fixed point.
        z_coder: codes z.
        tables: one row per scale.
        predicts_means: whether ``h_s`` gives scales and means, or scales only (then ``h_a`` sees magnitudes).
    """

    def __init__(
        self,
        h_a: nn.Sequential,
        h_s: FixedPointNet,
        z_coder: FactorizedLatentCoder,
        tables: IntegerTables,
        *,
        predicts_means: bool,
    ) -> None:
        self.h_a, self.h_s, self.z_coder, self.tables = h_a, h_s, z_coder, tables
        self.predicts_means = predicts_means
        self._coder = RangeCoder(tables)
        self._thresholds = scale_thresholds(FRACTION_BITS)
        if len(tables.lengths) != len(self._thresholds) + 1:
            raise FreezeError(f"{len(tables.lengths)} table rows for {len(self._thresholds) + 1} scales.")

    @classmethod
    def from_float(
        cls, h_a: nn.Sequential, h_s: nn.Sequential, density: FactorizedDensity, *, predicts_means: bool
    ) -> "HyperpriorLatentCoder":
        """Make a trained hyperprior exact."""
        z_coder = FactorizedLatentCoder.from_density(density)
        return cls(
            h_a, FixedPointNet.from_float(h_s), z_coder, gaussian_tables(), predicts_means=predicts_means
        )

    @classmethod
    def from_tensors(
        cls, h_a: nn.Sequential, h_s: nn.Sequential, tensors: Mapping[str, Tensor], *, predicts_means: bool
    ) -> "HyperpriorLatentCoder":
        """Read back what ``tensors`` gave."""
        layers = []
        for k in range(sum(isinstance(m, (nn.Conv2d, nn.ConvTranspose2d)) for m in h_s)):
            weight, bias, shift = (_take(tensors, f"h_s.{k}.{part}") for part in ("weight", "bias", "shift"))
            if shift.dim() != 0:
                raise FreezeError(f"h_s.{k}.shift must be one number; got {tuple(shift.shape)}.")
            layers.append(FixedPointLayer(weight.double(), bias.double(), int(shift)))
        net = FixedPointNet(h_s, layers)
        z_coder = FactorizedLatentCoder.from_tensors("z", tensors, channels=net.channels)
        return cls(h_a, net, z_coder, _tables_from("y", tensors), predicts_means=predicts_means)

    def tensors(self, name: str) -> dict[str, Tensor]:
        """What a codec file has to hold of this coder, all that a decoder needs."""
        found = {**self.z_coder.tensors("z"), **_tables_to(name, self.tables)}
        for k, layer in enumerate(self.h_s.layers):
            found[f"h_s.{k}.weight"] = layer.weight.to(torch.int32)
            found[f"h_s.{k}.bias"] = layer.bias.to(torch.int64)
            found[f"h_s.{k}.shift"] = torch.tensor(layer.shift, dtype=torch.int32)
        return found

    def encoder_tensors(self) -> dict[str, Tensor]:
        """The hyper-analysis: a decoder does not run it."""
        return {f"h_a.{name}": tensor for name, tensor in self.h_a.state_dict().items()}

    @property
    def latents(self) -> int:
        """How many strings ``encode`` makes."""
        return 2

    def bits(self, y: Tensor) -> tuple[Tensor, ...]:
        """See ``LatentCoder``."""
        z = self._hyper_analysis(y)
        _, z_grid, _, _ = self.z_coder.encode_to_grid(z)
        means, rows = self._parameters(z_grid)
        return _bits(self.tables, _round(y.double().cpu() * GRID - means), rows), *self.z_coder.bits(z)

    def encode(self, y: Tensor) -> Coded:
        """Code ``y`` (1, M, h, w) as two strings, of y and z."""
        z_string, z_grid, z_escapes, z_clipped = self.z_coder.encode_to_grid(self._hyper_analysis(y))
        means, rows = self._parameters(z_grid)
        symbols = _round(y.double().cpu() * GRID - means)
        encoded = self._coder.encode(_flat(symbols), rows)
        y_hat = (symbols.clamp(-SYMBOL_MAX, SYMBOL_MAX) * GRID + means) / GRID
        return Coded(
            (encoded.data, z_string),
            y_hat.float(),
            symbols.numel() + z_grid.numel(),
            encoded.escapes + z_escapes,
            encoded.clipped + z_clipped,
        )

    def decode(self, strings: tuple[bytes, ...], h: int, w: int) -> Tensor:
        """The ``y_hat`` (1, M, h, w) of strings made by ``encode``.

        Raises:
            Corrupt: if the strings cannot have been made by ``encode``.
        """
        y_string, z_string = strings
        z_grid = self.z_coder.decode_to_grid(z_string, h // Y_PER_Z, w // Y_PER_Z)
        means, rows = self._parameters(z_grid)
        symbols = torch.from_numpy(self._coder.decode(y_string, rows)).double().reshape(1, -1, h, w)
        return ((symbols * GRID + means) / GRID).float()

    def _hyper_analysis(self, y: Tensor) -> Tensor:
        z: Tensor = self.h_a(y if self.predicts_means else y.abs())
        return z

    def _parameters(self, z_grid: Tensor) -> tuple[Tensor, "np.ndarray[tuple[int], np.dtype[np.uint8]]"]:
        """Means on the grid, (1, M, h, w) or a scalar zero, and every element's table row."""
        pixels_per_row = PIXELS_PER_Z**2 * z_grid.shape[3]
        out = in_strips(self.h_s, z_grid, rows_in=1, rows_out=Y_PER_Z, pixels_per_row=pixels_per_row)
        scales, means = (
            out.chunk(2, dim=1) if self.predicts_means else (out, torch.zeros((), dtype=out.dtype))
        )
        rows = torch.bucketize(scales.contiguous(), self._thresholds, out_int32=True)
        return means, rows.to(torch.uint8).flatten().numpy()


def _round(scaled: Tensor) -> Tensor:
    if not scaled.isfinite().all():
        raise FreezeError("the analysis transform gave latents that are not finite; the codec has diverged.")
    return torch.round(scaled / GRID)


def _flat(symbols: Tensor) -> "np.ndarray[tuple[int], np.dtype[np.int32]]":
    # Far outside of what an escape can code; the coder clips to +-SYMBOL_MAX and counts it.
    return symbols.clamp(-(2**30), 2**30).to(torch.int32).flatten().numpy()


def _bits(tables: IntegerTables, symbols: Tensor, rows: "np.ndarray[tuple[int], np.dtype[Any]]") -> Tensor:
    return torch.from_numpy(information(tables, _flat(symbols), rows)).reshape(symbols.shape)


def _take(tensors: Mapping[str, Tensor], name: str) -> Tensor:
    if name not in tensors:
        raise FreezeError(f"tensor {name!r} is missing.")
    tensor = tensors[name]
    if tensor.dtype not in (torch.int32, torch.int64):
        raise FreezeError(f"tensor {name!r} must hold integers; got {tensor.dtype}.")
    return tensor


def _tables_to(name: str, tables: IntegerTables) -> dict[str, Tensor]:
    return {f"{name}.tables.{field}": torch.from_numpy(values) for field, values in tables._asdict().items()}


def _tables_from(name: str, tensors: Mapping[str, Tensor]) -> IntegerTables:
    tables = IntegerTables(
        *(_take(tensors, f"{name}.tables.{field}").numpy() for field in IntegerTables._fields)
    )
    check_tables(tables)
    return tables
