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

from litcodec.coding import IntegerTables, RangeCoder
from litcodec.entropy import FactorizedDensity, factorized_tables, fit_density
from litcodec.errors import FreezeError
from litcodec.latent_coding.base import Coded
from litcodec.latent_coding.symbols import GRID, Indexes, bits_of, clipped, flat, on_grid, symbols_of
from litcodec.latent_coding.tensors import tables_from, tables_to, take

MEDIAN_MAX = 2**31  # in units of 2^-12: what int32, and so a codec file, can hold


class FactorizedLatentCoder:
    """Codes a latent whose every channel has one integer table. A ``LatentCoder``.

    Args:
        name: of the latent in codec files.
        tables: one row per channel.
        medians: (C,), float64 integers in units of 2^-12: what symbol 0 of each channel stands for.

    Raises:
        FreezeError: if the two do not fit, or a median is beyond int32.
    """

    string_count = 1
    stride = 1

    def __init__(self, name: str, tables: IntegerTables, medians: Tensor) -> None:
        if len(tables.lengths) != len(medians):
            raise FreezeError(f"{len(medians)} medians do not fit tables for {len(tables.lengths)} channels.")
        if not (medians.abs() < MEDIAN_MAX).all():
            raise FreezeError(
                f"a median of {name} is {float(medians.abs().max() / GRID):g}, beyond {MEDIAN_MAX / GRID:g}; "
                "the codec has diverged."
            )
        self.name, self.tables, self.medians = name, tables, medians
        self._coder = RangeCoder(tables)

    @classmethod
    def from_density(cls, name: str, density: FactorizedDensity) -> "FactorizedLatentCoder":
        """Tabulate a learned density, rounding about its medians."""
        # In float64 on the CPU, where neither autocast nor TF32 can blur them.
        exact = copy.deepcopy(density).cpu().double()
        for parameter_name, parameter in exact.named_parameters():
            if not parameter.isfinite().all():
                raise FreezeError(f"weight density.{parameter_name} is not finite; the codec has diverged.")
        medians = torch.round(exact.medians().flatten() * GRID)
        return cls(name, factorized_tables(exact, medians / GRID), medians)

    @classmethod
    def from_tensors(
        cls, name: str, tensors: Mapping[str, Tensor], *, channels: int
    ) -> "FactorizedLatentCoder":
        """Read back what ``decoder_tensors`` gave."""
        medians = take(tensors, f"{name}.medians")
        if medians.shape != (channels,):
            raise FreezeError(f"{name} has {channels} channels; medians {tuple(medians.shape)} do not fit.")
        return cls(name, tables_from(name, tensors), medians.double())

    def fit(self, density: FactorizedDensity) -> None:
        """Train ``density`` until it gives the probabilities of the tables."""
        fit_density(density, self.tables, self.medians / GRID)

    def decoder_tensors(self) -> dict[str, Tensor]:
        """All tensors that a decoder needs, by name."""
        return {**tables_to(self.name, self.tables), f"{self.name}.medians": self.medians.to(torch.int32)}

    def encoder_tensors(self) -> dict[str, Tensor]:
        """The tensors that only ``encode`` depends on: nothing, encoder and decoder need the same."""
        return {}

    def to(self, device: torch.device | str) -> None:
        """Do nothing: all of it stays on the CPU."""

    def with_rdoq(self, rdoq_lambda: float) -> "FactorizedLatentCoder":
        """Raises ``FreezeError``: RDOQ needs a Gaussian for every latent."""
        raise FreezeError("RDOQ needs a Gaussian for every latent; this codec has a factorized prior alone.")

    def bits(self, y: Tensor) -> tuple[Tensor, ...]:
        """The information content of every symbol, in bits, shaped like its latent."""
        return (bits_of(self.tables, self._symbols(y), self._indexes(*y.shape[2:])),)

    def encode(self, y: Tensor) -> Coded:
        """Code ``y`` (1, C, h, w) as one string."""
        string, grid, escapes, beyond = self.encode_to_grid(y)
        return Coded((string,), (grid / GRID).float(), grid.numel(), escapes, beyond)

    def decode(self, strings: tuple[bytes, ...], h: int, w: int) -> Tensor:
        """The ``y_hat`` (1, M, h, w) that ``encode`` reported; raises ``Corrupt`` for other strings."""
        return (self.decode_to_grid(strings[0], h, w) / GRID).float()

    def quantise_to_grid(self, v: Tensor) -> Tensor:
        """The quantised values on the grid, as ``encode_to_grid`` gives them, without a string."""
        return self._to_grid(self._symbols(v))

    def encode_to_grid(self, v: Tensor) -> tuple[bytes, Tensor, int, int]:
        """The string, the quantised values on the grid, escapes, clipped."""
        symbols = self._symbols(v)
        encoded = self._coder.encode(flat(symbols), self._indexes(*v.shape[2:]))
        return encoded.data, self._to_grid(symbols), encoded.escapes, encoded.clipped

    def decode_to_grid(self, string: bytes, h: int, w: int) -> Tensor:
        """The quantised values on the grid, (1, C, h, w). Raises ``Corrupt`` as ``decode`` does."""
        self._coder.check_string_of_all_rows(string, h * w)  # before memory is taken
        symbols = self._coder.decode(string, self._indexes(h, w))
        return self._to_grid(torch.from_numpy(symbols).double().reshape(1, len(self.medians), h, w))

    def _symbols(self, v: Tensor) -> Tensor:
        return symbols_of(on_grid(v) - self._centre())

    def _centre(self) -> Tensor:
        return self.medians[None, :, None, None]

    def _to_grid(self, symbols: Tensor) -> Tensor:
        return clipped(symbols) * GRID + self._centre()

    def _indexes(self, h: int, w: int) -> Indexes:
        return np.repeat(np.arange(len(self.medians), dtype=np.uint16), h * w)
