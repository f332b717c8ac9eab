"""What decides probabilities is the same under every rounding mode of the processor."""

import ctypes
import ctypes.util
import platform
from collections.abc import Callable, Iterator

import pytest
import torch

from litcodec.codec_files import load_codec, save_codec
from litcodec.entropy import FixedPointNet
from litcodec.frozen import FrozenCodec

# up, down, towards zero: FE_... of <fenv.h>
MODES = {"x86_64": (0x800, 0x400, 0xC00), "aarch64": (0x400000, 0x800000, 0xC00000)}
MODES["AMD64"], MODES["arm64"] = MODES["x86_64"], MODES["aarch64"]


@pytest.fixture(params=range(3), ids=["up", "down", "towards zero"])
def rounding(request, threads) -> Iterator[Callable[[], None]]:
    """``rounding()`` sets the mode; undone after the test."""
    library = ctypes.util.find_library("m")
    if library is None or platform.machine() not in MODES:
        pytest.skip("the rounding modes of this machine are not known")
    libm = ctypes.CDLL(library)
    threads(1)  # others keep the mode that they began with

    def change() -> None:
        assert libm.fesetround(MODES[platform.machine()][request.param]) == 0
        assert (torch.tensor(1.0) + 2.0**-40 > 1) == (request.param == 0), "the mode has no effect"

    yield change
    libm.fesetround(0)


def test_strings_decode_to_the_same_latents(frozen: FrozenCodec, rounding, image_like, tmp_path):
    save_codec(frozen, tmp_path / "codec.safetensors")
    (packed,) = frozen.compress(image_like(72, 100))
    latents = frozen.decode_latents(*packed)
    loaded = load_codec(tmp_path / "codec.safetensors")  # before: Python reads 0.0932 as the mode has it
    rounding()
    assert loaded.fingerprint == frozen.fingerprint
    assert torch.equal(loaded.decode_latents(*packed), latents)
    assert torch.equal(frozen.decode_latents(*packed), latents)


@pytest.mark.parametrize("shift_at_most", [3, 9, 20])
def test_fixed_point_nets_give_the_same_integers(rounding, shift_at_most: int):
    torch.manual_seed(shift_at_most)
    net = torch.nn.Sequential(
        torch.nn.Conv2d(5, 7, 3, padding=1), torch.nn.LeakyReLU(0.1), torch.nn.Conv2d(7, 4, 1)
    )
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(2.0 ** (12 - shift_at_most))
    x = torch.randint(-(2**24), 2**24, (1, 5, 9, 11)).double()
    exact = FixedPointNet.from_float(net)
    y = exact(x)
    rounding()
    assert torch.equal(exact(x), y)
    again = FixedPointNet.from_float(net)
    assert [layer.shift for layer in again.layers] == [layer.shift for layer in exact.layers]
    assert torch.equal(again(x), y)
