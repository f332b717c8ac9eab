"""Latents <-> strings of centre indices; a decoder only looks centres up."""

import copy
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from litcodec.coding import Encoded, IntegerTables, RangeCoder
from litcodec.entropy import Codebook, scale_thresholds
from litcodec.entropy.fixed_point import FRACTION_BITS
from litcodec.errors import Corrupt, FreezeError
from litcodec.latent_coding.base import Coded
from litcodec.latent_coding.symbols import Indexes, bits_of, flat
from litcodec.latent_coding.tensors import tables_from, tables_to


class _CentreCoder:
    """What both coders share.

    Args:
        codebook: the centres, and how the encoder finds the nearest.
        tables: histograms of the centres.

    Raises:
        FreezeError: if a centre is not finite, or a row of the tables has more or fewer symbols.
    """

    def __init__(self, codebook: Codebook, tables: IntegerTables) -> None:
        centres_of(codebook)
        self.codebook = copy.deepcopy(codebook).cpu().float().eval().requires_grad_(False)
        self.tables, self.coder = tables, RangeCoder(tables)
        L = len(codebook.centres)
        if (tables.lengths != L + 1).any() or tables.offsets.any():
            raise FreezeError(f"the tables are not of {L} centres.")

    def decoder_tensors(self) -> dict[str, Tensor]:
        """All tensors that a decoder needs, by name."""
        return {**tables_to("y", self.tables), "codebook.centres": self.codebook.centres.detach().clone()}

    def encoder_tensors(self) -> dict[str, Tensor]:
        """The tensors that only ``encode`` depends on: nothing."""
        return {}

    def symbols(self, y: Tensor) -> Tensor:
        """The numbers of the nearest centres, (1, V, h, w), float64."""
        if not y.isfinite().all():
            raise FreezeError(
                "the analysis transform gave latents that are not finite; the codec has diverged."
            )
        return self.codebook.nearest(y.cpu().float()).double()

    def read(self, string: bytes, indexes: Indexes, h: int, w: int) -> Tensor:
        """Y (1, M, h, w) of a string whose symbols have these rows.

        Raises:
            Corrupt: if it names a centre that is none.
        """
        numbers = torch.from_numpy(self.coder.decode(string, indexes)).long()
        if len(numbers) and not 0 <= int(numbers.min()) <= int(numbers.max()) < len(self.codebook.centres):
            raise Corrupt("a string names a centre that the codebook does not have; get the file again.")
        return looked_up(self.codebook, numbers.reshape(1, -1, h, w))


class CodebookCoder(_CentreCoder):
    """One histogram for each of the V vectors of a place. A ``LatentCoder``."""

    string_count = 1
    stride = 1

    @classmethod
    def from_tensors(
        cls, tensors: Mapping[str, Tensor], codebook: Codebook, *, vectors: int
    ) -> "CodebookCoder":
        """Read back what ``decoder_tensors`` gave; raises ``FreezeError`` if histograms are missing."""
        made = cls(with_centres(codebook, tensors), tables_from("y", tensors))
        if len(made.tables.lengths) != vectors:
            raise FreezeError(f"{len(made.tables.lengths)} histograms do not fit {vectors} vectors.")
        return made

    def to(self, device: torch.device | str) -> None:
        """Do nothing: all of it stays on the CPU."""

    def with_rdoq(self, rdoq_lambda: float) -> "CodebookCoder":
        """Raises ``FreezeError``: RDOQ needs a Gaussian for every latent."""
        raise FreezeError("RDOQ needs a Gaussian for every latent; this codec has a codebook.")

    def bits(self, y: Tensor) -> tuple[Tensor, ...]:
        """The information content of each vector of centres, in bits."""
        return (bits_of(self.tables, self.symbols(y), self._indexes(*y.shape[2:])),)

    def encode(self, y: Tensor) -> Coded:
        """Code ``y`` (1, M, h, w); raises ``FreezeError`` if a latent is not finite."""
        symbols = self.symbols(y)
        encoded = self.coder.encode(flat(symbols), self._indexes(*y.shape[2:]))
        return Coded(
            (encoded.data,),
            looked_up(self.codebook, symbols),
            symbols.numel(),
            encoded.escapes,
            encoded.clipped,
        )

    def decode(self, strings: tuple[bytes, ...], h: int, w: int) -> Tensor:
        """The ``y_hat`` (1, M, h, w) that ``encode`` reported; raises ``Corrupt`` for other strings."""
        self.coder.check_string_of_all_rows(strings[0], h * w)  # before memory is taken
        return self.read(strings[0], self._indexes(h, w), h, w)

    def _indexes(self, h: int, w: int) -> Indexes:
        return np.repeat(np.arange(len(self.tables.lengths), dtype=np.uint16), h * w)


class ScaledCodebookCoder(_CentreCoder):
    """One histogram for each scale that h_s can say. A ``ConditionalCoder``.

    Raises:
        FreezeError: if there are not as many histograms as scales.
    """

    def __init__(self, codebook: Codebook, tables: IntegerTables) -> None:
        super().__init__(codebook, tables)
        # Of sums over a vector's channels.
        self._thresholds = scale_thresholds(FRACTION_BITS) * codebook.dimensions
        if len(tables.lengths) != len(self._thresholds) + 1:
            raise FreezeError(f"{len(tables.lengths)} histograms for {len(self._thresholds) + 1} scales.")

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor], codebook: Codebook) -> "ScaledCodebookCoder":
        """Read back what ``decoder_tensors`` gave."""
        return cls(with_centres(codebook, tensors), tables_from("y", tensors))

    def with_rdoq(self, rdoq_lambda: float) -> "ScaledCodebookCoder":
        """Raises ``FreezeError``: RDOQ needs a Gaussian for every latent."""
        raise FreezeError("RDOQ needs a Gaussian for every latent; this codec has a codebook.")

    def encode(self, y: Tensor, hyper_params: Tensor) -> tuple[Encoded, Tensor]:
        """The string of ``y`` (1, M, h, w), and the ``y_hat``, float32, that the decoder will have."""
        symbols = self.symbols(y)
        encoded = self.coder.encode(flat(symbols), self._indexes(hyper_params))
        return encoded, looked_up(self.codebook, symbols)

    def decode(self, string: bytes, hyper_params: Tensor) -> Tensor:
        """The ``y_hat`` (1, M, h, w) of a string; raises ``Corrupt`` if ``encode`` cannot have made it."""
        channels, h, w = hyper_params.shape[1:]
        self.coder.check_string(string, channels // self.codebook.dimensions * h * w)
        return self.read(string, self._indexes(hyper_params), h, w)

    def bits(self, y: Tensor, hyper_params: Tensor) -> Tensor:
        """The information content of each vector of ``y`` (1, M, h, w), in bits."""
        return bits_of(self.tables, self.symbols(y), self._indexes(hyper_params))

    def _indexes(self, hyper_params: Tensor) -> Indexes:
        M, h, w = hyper_params.shape[1:]
        vectors = M // self.codebook.dimensions
        # Integers: sums are exact.
        sums = hyper_params.double().reshape(vectors, self.codebook.dimensions, h, w).sum(dim=1)
        found = torch.bucketize(sums.contiguous(), self._thresholds, out_int32=True)
        return found.to(torch.uint8).flatten().numpy()


def centres_of(codebook: Codebook) -> Tensor:
    """Its centres, (L, d).

    Raises:
        FreezeError: if one is not finite.
    """
    if not bool(codebook.centres.isfinite().all()):
        raise FreezeError("a centre of the codebook is not finite; the codec has diverged.")
    return codebook.centres.detach()


def looked_up(codebook: Codebook, numbers: Tensor) -> Tensor:
    """Y (1, V * d, h, w) of the numbers of centres (1, V, h, w)."""
    found = codebook.centres.detach()[numbers.long()]  # (1, V, h, w, d)
    V, h, w, d = found.shape[1:]
    return found.permute(0, 1, 4, 2, 3).reshape(1, V * d, h, w).contiguous()


def with_centres(codebook: Codebook, tensors: Mapping[str, Tensor]) -> Codebook:
    """The codebook with the centres of a codec file.

    Raises:
        FreezeError: if they do not fit.
    """
    centres = tensors.get("codebook.centres")
    if centres is None or centres.shape != codebook.centres.shape or not bool(centres.isfinite().all()):
        raise FreezeError(f"the codec file has no {len(codebook.centres)} finite centres.")
    made = copy.deepcopy(codebook).to_empty(device="cpu")
    made.load_state_dict({**made.state_dict(), "centres": centres.float()})
    return made
