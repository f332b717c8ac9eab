"""Weights of 16 bits: half the file, nearly the same codec."""

import copy
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from tiny_hybrids import inner_of

from litcodec.codec_files import codec_bytes, load_codec, round_to_half_precision, save_codec
from litcodec.codecs import Codec, LearnedCosine, VariableRate
from litcodec.frozen import to_stream
from litcodec.objectives import mse


def _dtypes(path: Path) -> dict[str, torch.dtype]:
    with safe_open(path, "pt") as file:
        return {name: file.get_tensor(name).dtype for name in file.keys()}


def test_weights_are_kept_in_16_bits_and_come_back(codec: Codec, tmp_path: Path, image_like) -> None:
    round_to_half_precision(codec)
    frozen, path = codec.freeze(), tmp_path / "half"
    save_codec(frozen, path)
    loaded = load_codec(path)
    assert loaded.fingerprint == frozen.fingerprint
    x = image_like(70, 90)
    assert to_stream(loaded, x) == to_stream(frozen, x)
    weights = {n: d for n, d in _dtypes(path).items() if n.endswith("weight")}
    assert set(weights.values()) <= {torch.float16, torch.int16}
    assert codec_bytes(loaded) == path.read_bytes()


def test_without_rounding_nothing_is_lost(codec: Codec, tmp_path: Path) -> None:
    save_codec(codec.freeze(), tmp_path / "whole")
    frozen, loaded = codec.freeze(), load_codec(tmp_path / "whole")
    for name, tensor in {**frozen.decoder_tensors(), **frozen.encoder_tensors()}.items():
        found = {**loaded.decoder_tensors(), **loaded.encoder_tensors()}[name]
        assert found.dtype == tensor.dtype, name
        assert torch.equal(found, tensor), name
    g_s = {d for n, d in _dtypes(tmp_path / "whole").items() if "g_s." in n and n.endswith("weight")}
    assert g_s == {torch.float32}


def test_biases_and_gains_stay() -> None:
    codec = VariableRate(LearnedCosine(N=4, M=8, context=4))
    before = {name: p.detach().clone() for name, p in codec.named_parameters()}
    round_to_half_precision(codec)
    changed = {name for name, p in codec.named_parameters() if not torch.equal(p, before[name])}
    assert not any(name.startswith("gains") or name.endswith("bias") for name in changed)
    assert {"inner.g_a.0.weight", "inner.g_s.1.weight", "inner.latent_model.h_s.0.weight"} <= changed


@torch.no_grad()
def test_rounding_costs_next_to_nothing(trained: Codec, image_like) -> None:
    half, x = copy.deepcopy(trained), image_like(128, 128, batch=2, seed=5)
    round_to_half_precision(half)
    before, after = (mse().loss(codec(x), x, lmbda=0.05) for codec in (trained, half))
    assert float(after.loss) == pytest.approx(float(before.loss), rel=2e-3)
    assert len(codec_bytes(half.freeze())) < 0.62 * len(codec_bytes(trained.freeze()))
    # The fixed-point network has the very weights of the float one.
    weight = inner_of(half).latent_model.h_s[0].weight
    layer = half.freeze().latent_coder.h_s.layers[0]
    assert torch.equal(layer.weight * 2.0**-layer.shift, weight.double())
    assert layer.weight.abs().max() < 2**15
