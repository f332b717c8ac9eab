"""Rounding to what costs least: same decoder, fewer bits for the same R + lmbda * D."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from litcodec.codec_files import load_codec, save_codec
from litcodec.codecs import Checkerboard, Codec, FactorizedPrior, MixtureAutoregressive
from litcodec.entropy import gaussian_tables, scale_table
from litcodec.errors import CodecFileError, FreezeError
from litcodec.latent_coding.rdoq import RDOQ


def test_an_rdoq_stream_is_decoded_by_who_knows_nothing_of_it(trained: Codec, image_like) -> None:
    plain = trained.freeze()
    rdoq = plain.with_rdoq(6.0)
    assert rdoq.fingerprint == plain.fingerprint
    sizes = []
    for seed in range(5, 9):
        (ours,), (theirs,) = (codec.compress(image_like(128, 128, seed=seed)) for codec in (rdoq, plain))
        sizes.append((sum(map(len, ours.strings)), sum(map(len, theirs.strings))))
        assert torch.equal(plain.decompress([ours]), rdoq.decompress([ours]))
        coded = rdoq.encode(image_like(128, 128, seed=seed))
        assert torch.equal(plain.decode_latents(ours.strings, ours.size), coded.y_hat)
        bits = sum(float(each.sum()) for each in rdoq.bits(image_like(128, 128, seed=seed)))
        assert 8 * sizes[-1][0] == pytest.approx(bits, rel=0.005, abs=8 * 16)
    assert sum(ours for ours, _ in sizes) < 0.99 * sum(theirs for _, theirs in sizes)


def test_each_symbol_is_the_cheaper_of_its_two_neighbours() -> None:
    tables, worth = gaussian_tables(), 12.0
    rounding = RDOQ(tables, worth)
    torch.manual_seed(0)
    rows = torch.randint(0, 64, (20_000,))
    scales = scale_table()[rows]
    v = torch.randn(20_000, dtype=torch.float64) * scales
    symbols = rounding(v, rows.numpy().astype(np.uint8))

    def bits(k: torch.Tensor) -> torch.Tensor:
        at = (np.cumsum(tables.lengths) - tables.lengths - tables.offsets)[rows.numpy()] + k.int().numpy()
        return 24 - torch.from_numpy(tables.masses[at].astype(np.float64)).log2()

    inside = v.abs() + 1 < 4.5 * scales
    low, high = v.abs().floor(), v.abs().floor() + 1
    cost_low, cost_high = (
        torch.where(inside, bits(torch.where(inside, k, 0)) + worth * (v.abs() - k) ** 2, 0)
        for k in (low, high)
    )
    small = inside & (v.abs() < 60) & ((cost_low - cost_high).abs() > 1e-6)
    assert small.sum() > 5_000
    expected = torch.where(cost_low < cost_high, low, high) * v.sign()
    nearer_to_0 = cost_low < cost_high
    # Half-way is the least that it rounds towards 0, a whole step the most.
    assert torch.equal(symbols[small & nearer_to_0], expected[small & nearer_to_0])
    assert (symbols[small] == expected[small]).float().mean() > 0.999
    assert ((symbols - v).abs() <= 1).all()


def test_a_file_tells_how_its_encoder_rounds(image_like, tmp_path: Path) -> None:
    torch.manual_seed(0)
    codec = Checkerboard(N=8, M=12).freeze().with_rdoq(18.0)
    save_codec(codec, tmp_path / "codec")
    loaded, x = load_codec(tmp_path / "codec"), image_like(64, 64)
    assert loaded.compress(x) == codec.compress(x)
    assert loaded.compress(x) != Checkerboard(N=8, M=12).freeze().compress(x)
    assert loaded.latent_coder.y_coder.scale_tables.rdoq.rdoq_lambda == 18.0


def test_what_cannot_weigh_bits_says_so() -> None:
    for kind in (FactorizedPrior, MixtureAutoregressive):
        with pytest.raises(FreezeError, match="RDOQ needs a Gaussian for every latent"):
            kind(N=8, M=12).freeze().with_rdoq(18.0)
    for wrong in (0.0, -1.0, float("nan")):
        with pytest.raises(FreezeError, match="above 0; got"):
            Checkerboard(N=8, M=12).freeze().with_rdoq(wrong)


@pytest.mark.parametrize(
    ("forged", "message"),
    [
        (torch.tensor(-1.0, dtype=torch.float64), "rdoq_lambda must be above 0"),
        (torch.tensor(1.0), "must be one float64; got torch.float32"),
        (torch.ones(2, dtype=torch.float64), "must be one float64"),
        (torch.tensor(1, dtype=torch.int64), "must be one float64; got torch.int64"),
    ],
)
def test_a_forged_file_is_refused(forged: torch.Tensor, message: str, tmp_path: Path) -> None:
    codec, path = Checkerboard(N=8, M=12).freeze().with_rdoq(18.0), tmp_path / "codec"
    save_codec(codec, path)
    with safe_open(path, "pt") as file:
        about, tensors = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}
    assert tensors["y.error_bits"] == 18.0
    save_file({**tensors, "y.error_bits": forged}, path, metadata=about)
    with pytest.raises(CodecFileError, match=message):
        load_codec(path)


def test_tables_that_leave_0_out_are_refused() -> None:
    tables = gaussian_tables()
    for offset in (1, -1000):
        offsets = tables.offsets.copy()
        offsets[0] = offset
        with pytest.raises(FreezeError, match="no symbol 0"):
            RDOQ(tables._replace(offsets=offsets), 18.0)
