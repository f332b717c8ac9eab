"""Latents <-> strings without side information: the simplest part of a frozen codec that must be exact.

Quantised latents are handled on a grid of 2^-12 as integers in float64 (see ``entropy.fixed_point``). Only
the encoder touches floats: it rounds the latent once. Everything the decoder computes before the synthesis
transform is integers.
"""

import copy
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from litcodec.codecs.frozen import Coded
from litcodec.codecs.frozen_tensors import tables_from, tables_to, take
from litcodec.codecs.symbols import GRID, Rows, bits_of, clipped, flat, on_grid, symbols_of
from litcodec.coding import IntegerTables, RangeCoder
from litcodec.entropy import FactorizedDensity, factorized_tables
from litcodec.errors import FreezeError


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
        medians = take(tensors, f"{name}.medians")
        if medians.shape != (channels,):
            raise FreezeError(f"{name} has {channels} channels; medians {tuple(medians.shape)} do not fit.")
        return cls(tables_from(name, tensors), medians.double())

    def tensors(self, name: str) -> dict[str, Tensor]:
        """What a codec file has to hold of this coder."""
        return {**tables_to(name, self.tables), f"{name}.medians": self.medians.to(torch.int32)}

    def encoder_tensors(self) -> dict[str, Tensor]:
        """Nothing: encoder and decoder need the same."""
        return {}

    def bits(self, y: Tensor) -> tuple[Tensor, ...]:
        """See ``LatentCoder``."""
        symbols = self._symbols(y)
        return (bits_of(self.tables, symbols, self._rows(*y.shape[2:])),)

    def encode(self, y: Tensor) -> Coded:
        """Code ``y`` (1, C, h, w) as one string."""
        string, grid, escapes, beyond = self.encode_to_grid(y)
        return Coded((string,), (grid / GRID).float(), grid.numel(), escapes, beyond)

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

    def quantise_to_grid(self, v: Tensor) -> Tensor:
        """The quantised values on the grid, as ``encode_to_grid`` tells them, without a string."""
        return self._to_grid(self._symbols(v))

    def encode_to_grid(self, v: Tensor) -> tuple[bytes, Tensor, int, int]:
        """The string, the quantised values on the grid, escapes, clipped."""
        symbols = self._symbols(v)
        encoded = self._coder.encode(flat(symbols), self._rows(*v.shape[2:]))
        return encoded.data, self._to_grid(symbols), encoded.escapes, encoded.clipped

    def decode_to_grid(self, string: bytes, h: int, w: int) -> Tensor:
        """The quantised values on the grid, (1, C, h, w)."""
        symbols = self._coder.decode(string, self._rows(h, w))
        return self._to_grid(torch.from_numpy(symbols).double().reshape(1, -1, h, w))

    def _symbols(self, v: Tensor) -> Tensor:
        return symbols_of(on_grid(v) - self._centre())

    def _centre(self) -> Tensor:
        return self.medians[None, :, None, None]

    def _to_grid(self, symbols: Tensor) -> Tensor:
        return clipped(symbols) * GRID + self._centre()

    def _rows(self, h: int, w: int) -> Rows:
        return np.repeat(np.arange(len(self.medians), dtype=np.uint16), h * w)
