"""Stride, receptive field and context are the networks' own, whatever they are."""

import sys
from pathlib import Path

import pytest
import torch
from stranger import write_package
from torch import nn

from litcodec.architecture import Architecture
from litcodec.codec_files import codec_bytes, load_codec
from litcodec.codecs import TransformCodec
from litcodec.errors import CodecFileError, FreezeError, ShapeError
from litcodec.latent_coding import coding_order_of, receptive_rows
from litcodec.latent_models import FactorizedModel
from litcodec.layers import CausalConv2d, MaskedConv2d
from litcodec.plugins import load_plugins


@pytest.fixture(scope="module")
def lite(tmp_path_factory, image_like) -> TransformCodec:
    folder = write_package(tmp_path_factory.mktemp("lab"), image_like)
    # Under a name of its own: another test runs the package "mylab".
    (folder / "mylab_codecs.py").write_text((folder / "mylab" / "codecs.py").read_text())
    sys.path.insert(0, str(folder))
    from mylab_codecs import ElicLite, Width  # type: ignore[import-not-found]

    torch.manual_seed(0)
    codec = ElicLite(Width(channels=7), M=5, scales=[0.5, 1.5]).eval()
    with torch.no_grad():
        codec.g_a[-1].weight.mul_(20)
        codec.latent_model.h_s[0].bias.copy_(torch.rand(10) + 0.5)
    return codec


def test_strides_come_from_the_modules(lite: TransformCodec):
    assert (lite.stride, lite.latent_model.stride, lite.downsampling_factor) == (8, 2, 16)
    frozen = lite.freeze()
    assert (frozen.stride, frozen.latent_coder.stride, frozen.downsampling_factor) == (8, 2, 16)


def test_a_receptive_field_is_what_the_layers_say(lite: TransformCodec):
    like = torch.empty(1, 3, 0, 0)
    assert receptive_rows(lite.g_a, like, rows_in=8, rows_out=1) == 8
    assert receptive_rows(nn.Conv2d(3, 2, 5, 2, 2), like, rows_in=2, rows_out=1) == 1
    wide = nn.Sequential(nn.Conv2d(3, 2, 1), nn.InstanceNorm2d(2), nn.Conv2d(2, 2, 1))
    assert receptive_rows(wide, like, rows_in=1, rows_out=1) is None


@torch.no_grad()
def test_six_megapixels_in_strips_are_the_whole(lite: TransformCodec, image_like, monkeypatch):
    x = image_like(2000, 3000)
    frozen = lite.freeze()
    strips = frozen.encode(x)
    x_hat = frozen.synthesise(strips.y_hat, (2000, 3000))
    monkeypatch.setattr("litcodec.latent_coding.strips.STRIP_PIXELS", 2**30)
    whole = frozen.encode(x)
    differs = (strips.y_hat != whole.y_hat).float().mean()
    assert differs < 1e-4  # of floats that are summed in another order
    assert (x_hat - frozen.synthesise(strips.y_hat, (2000, 3000))).abs().max() < 1e-4
    monkeypatch.setattr("litcodec.latent_coding.strips.STRIP_PIXELS", 2**19)
    assert (x_hat - frozen.synthesise(strips.y_hat, (2000, 3000))).abs().max() < 1e-4


@pytest.mark.parametrize("size", [(64, 64), (97, 130), (8, 200)])
def test_a_context_of_7x7_decodes_exactly(lite: TransformCodec, size: tuple[int, int], image_like):
    frozen = lite.freeze()
    coded = frozen.encode(image_like(*size, seed=2))
    assert coded.y_hat.unique().numel() > 20
    assert torch.equal(frozen.decode_latents(coded.strings, size), coded.y_hat)


@pytest.mark.parametrize("kernel_size", [3, 5, 7, 9])
def test_every_position_of_a_causal_context_is_known_in_time(kernel_size: int):
    offsets = CausalConv2d(1, 1, kernel_size=kernel_size).offsets()
    order, h, w = coding_order_of(offsets), 9, 13
    step_of = torch.full((h * w,), -1)
    for step, positions in enumerate(order.steps(torch.zeros(1, 1, h, w))):
        step_of[positions] = step
    step_of = step_of.reshape(h, w)
    for row in range(h):
        for column in range(w):
            for down, right in offsets:
                if 0 <= row + down and 0 <= column + right < w:
                    seen = step_of[row + down, column + right]
                    assert seen < step_of[row, column]
    first = order.known_offsets
    slope = kernel_size // 2 + 1
    assert all(-(right + slope * down) >= order.batched for down, right in offsets[:first])


def test_a_context_that_cannot_be_decoded_is_refused():
    with pytest.raises(FreezeError, match="no coding order"):
        coding_order_of(MaskedConv2d(1, 1, kernel_size=3, taps=[0, 8]).offsets())


def test_transforms_that_do_not_fit_are_refused_when_frozen():
    def codec(g_a: nn.Module, g_s: nn.Module) -> TransformCodec:
        return _Plain(g_a=g_a, g_s=g_s, latent_model=FactorizedModel(4))

    four, eight = nn.ConvTranspose2d(4, 3, 4, 4), nn.ConvTranspose2d(4, 3, 8, 8)
    assert codec(nn.Conv2d(3, 4, 8, 8), eight).freeze().stride == 8
    with pytest.raises(FreezeError, match="g_a downsamples by 8, g_s upsamples by 4"):
        codec(nn.Conv2d(3, 4, 8, 8), four).freeze()
    with pytest.raises(ShapeError, match="no stride can be found for this Conv2d"):
        codec(nn.Conv2d(3, 4, 8, 5), eight).freeze()


class _Plain(TransformCodec):
    @property
    def architecture(self):  # its arguments are networks, which no file could name
        return Architecture("tests.Plain", {})


def test_a_file_names_its_parts_and_builds_nothing_else(lite: TransformCodec, tmp_path: Path):
    path = tmp_path / "lite.safetensors"
    path.write_bytes(codec_bytes(lite.freeze()))
    roots = ("litcodec", "mylab_codecs")
    loaded = load_codec(path, roots)
    assert loaded.fingerprint == lite.freeze().fingerprint
    assert loaded.architecture.init_args["width"] == {
        "class_path": "mylab_codecs.Width",
        "init_args": {"channels": 7},
    }
    assert loaded.architecture.init_args["scales"] == [0.5, 1.5]
    with pytest.raises(CodecFileError, match=r"--plugin mylab_codecs"):
        load_codec(path)
    assert load_plugins() == ("litcodec",)
