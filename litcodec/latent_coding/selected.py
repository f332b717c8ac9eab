"""Codes a latent only at the positions of a mask, and codes the mask."""

import torch
from torch import Tensor

from litcodec.coding import decode_mask, encode_mask, mask_bits
from litcodec.errors import FreezeError
from litcodec.latent_coding.base import Coded, LatentCoder


class SelectedLatentCoder:
    """Two strings, another coder's of the positions preserved and the mask's. A ``LatentCoder``.

    Elsewhere nothing is coded, and y_hat is 0.

    Args:
        inner: codes any number of positions in one string, each by itself.
        preserved: the mask (h, w), bool; if not given, everything is preserved.
    """

    string_count = 2
    stride = 1

    def __init__(self, inner: LatentCoder, preserved: Tensor | None = None) -> None:
        assert (inner.string_count, inner.stride) == (1, 1)
        self.inner, self.preserved = inner, preserved

    def with_preserved(self, preserved: Tensor) -> "SelectedLatentCoder":
        """The same, but its encoder preserves what the mask (h, w), bool, says."""
        return SelectedLatentCoder(self.inner, preserved.cpu())

    def encode(self, y: Tensor) -> Coded:
        """Code the preserved positions of ``y`` (1, M, h, w), and the mask."""
        mask = self._mask(y)
        coded = self.inner.encode(_taken(y, mask))
        strings = (*coded.strings, encode_mask(mask.numpy()))
        return coded._replace(
            strings=strings, y_hat=_put_back(coded.y_hat, mask), symbols=coded.symbols + 1 + mask.numel()
        )

    def decode(self, strings: tuple[bytes, ...], h: int, w: int) -> Tensor:
        """Decode ``y_hat`` (1, M, h, w), with zeros where nothing was coded."""
        mask = torch.from_numpy(decode_mask(strings[1], h, w))
        return _put_back(self.inner.decode(strings[:1], 1, int(mask.count_nonzero())), mask)

    def bits(self, y: Tensor) -> tuple[Tensor, ...]:
        """Bits of every symbol of ``y`` (1, M, h, w), 0 where nothing is coded, and of the mask."""
        mask = self._mask(y)
        (bits,) = self.inner.bits(_taken(y, mask))
        return (_put_back(bits, mask), torch.from_numpy(mask_bits(mask.numpy()))[None, None])

    def to(self, device: torch.device | str) -> None:
        """Move the floats of the inner coder to ``device``, in place."""
        self.inner.to(device)

    def with_rdoq(self, rdoq_lambda: float) -> "SelectedLatentCoder":
        """The same coder, whose encoder rounds by rate and distortion."""
        return SelectedLatentCoder(self.inner.with_rdoq(rdoq_lambda), self.preserved)

    def decoder_tensors(self) -> dict[str, Tensor]:
        """The tensors that decoding needs: those of the inner coder."""
        return self.inner.decoder_tensors()

    def encoder_tensors(self) -> dict[str, Tensor]:
        """The tensors that only encoding needs: those of the inner coder."""
        return self.inner.encoder_tensors()

    def _mask(self, y: Tensor) -> Tensor:
        if self.preserved is None:
            return torch.ones(y.shape[2:], dtype=torch.bool)
        if self.preserved.shape != y.shape[2:]:
            raise FreezeError(f"a mask of {tuple(self.preserved.shape)} does not fit y {tuple(y.shape)}.")
        return self.preserved


def _taken(y: Tensor, mask: Tensor) -> Tensor:
    """(1, C, h, w) -> (1, C, 1, n), by row, then column."""
    return y.cpu()[:, :, mask][:, :, None]


def _put_back(taken: Tensor, mask: Tensor) -> Tensor:
    """(1, C, 1, n) -> (1, C, h, w), 0 elsewhere."""
    y = taken.new_zeros(1, taken.shape[1], *mask.shape)
    y[:, :, mask] = taken[:, :, 0]
    return y
