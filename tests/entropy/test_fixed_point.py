import numpy as np
import pytest
import torch
from torch import nn

from litcodec.entropy import FixedPointNet
from litcodec.entropy.fixed_point import (
    ACCUMULATOR_MAX,
    ACTIVATION_MAX,
    FRACTION_BITS,
    SLOPE_BITS,
    FixedPointLayer,
)
from litcodec.errors import FreezeError
from litcodec.latent_coding.strips import InStrips
from litcodec.transforms import hyper_synthesis, mean_scale_hyper_synthesis, twin_hyper_synthesis

GRID = 2.0**FRACTION_BITS
STRUCTURES = {
    "scales": lambda: hyper_synthesis(N=8, M=12),
    "means and scales": lambda: mean_scale_hyper_synthesis(N=8, M=12),
    "two side by side": lambda: twin_hyper_synthesis(N=8, M=12),
    "three dilations": lambda: nn.Sequential(
        *(nn.Conv2d(8, 8, 3, padding=d, dilation=d) for d in (1, 2, 4)), nn.ReLU(), nn.Conv2d(8, 6, 1)
    ),
    "1x1": lambda: nn.Sequential(nn.Conv2d(8, 6, 1), nn.LeakyReLU(), nn.Conv2d(6, 4, 1)),
}


@pytest.fixture(params=STRUCTURES.values(), ids=STRUCTURES.keys())
def net(request) -> nn.Sequential:
    torch.manual_seed(0)
    return request.param().eval()


def _input(*, batch: int = 1, h: int = 7, w: int = 5, reach: float = 20.0) -> torch.Tensor:
    """Side information as it comes: whole numbers plus medians, on the grid."""
    generator = torch.Generator().manual_seed(1)
    return torch.round((torch.rand(batch, 8, h, w, generator=generator).double() * 2 - 1) * reach * GRID)


def test_it_equals_the_float_network_to_a_thousandth(net: nn.Sequential):
    x = _input()
    with torch.no_grad():
        expected = net.double()(x / GRID)
    found = FixedPointNet.from_float(net)(x) / GRID
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-3)


def test_outputs_are_whole_numbers_of_grid_steps(net: nn.Sequential):
    out = FixedPointNet.from_float(net)(_input())
    assert out.dtype is torch.float64
    assert torch.equal(out, out.round())
    assert out.abs().max() <= ACTIVATION_MAX


# --- exactness: against 64-bit integers, where nothing rounds but what has to ---


def _integer_convolution(
    x: np.ndarray, weight: np.ndarray, stride: int, padding: int, dilation: int = 1
) -> np.ndarray:
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    k = (weight.shape[-1] - 1) * dilation + 1
    windows = np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(2, 3))[:, :, ::stride, ::stride]
    windows = windows[..., ::dilation, ::dilation]
    return np.einsum("bchwij,ocij->bohw", windows, weight)


def _integer_transposed(x: np.ndarray, weight: np.ndarray, module: nn.ConvTranspose2d) -> np.ndarray:
    """By its definition: spread x out with zeros, pad, convolve with the flipped kernel."""
    s, k = module.stride[0], module.kernel_size[0]
    p, extra = module.padding[0], module.output_padding[0]
    B, C, h, w = x.shape
    spread = np.zeros((B, C, (h - 1) * s + 1 + extra, (w - 1) * s + 1 + extra), np.int64)
    spread[:, :, : (h - 1) * s + 1 : s, : (w - 1) * s + 1 : s] = x
    return _integer_convolution(spread, weight.swapaxes(0, 1)[:, :, ::-1, ::-1], 1, k - 1 - p)


def _shift_down(v: np.ndarray, bits: int) -> np.ndarray:
    """v / 2^bits, to the nearest integer, halves to even, in integers only."""
    if bits == 0:
        return v
    floor, rest, half = v >> bits, v & ((1 << bits) - 1), 1 << (bits - 1)
    return floor + ((rest > half) | ((rest == half) & (floor % 2 == 1)))


def _integer_net(fixed: FixedPointNet, x: torch.Tensor) -> np.ndarray:
    limit = int(ACTIVATION_MAX)
    v = np.clip(x.numpy().astype(np.int64), -limit, limit)
    layers = iter(fixed.layers)
    for module in fixed.structure:
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            layer = next(layers)
            weight = layer.weight.numpy().astype(np.int64)
            parts = []  # of each group of channels: both kinds of weights lie by group in their first axis
            for x_part, part in zip(
                *(np.split(t, module.groups, a) for t, a in ((v, 1), (weight, 0))), strict=True
            ):
                if isinstance(module, nn.ConvTranspose2d):
                    parts.append(_integer_transposed(x_part, part, module))
                else:
                    shape = module.stride[0], module.padding[0], module.dilation[0]
                    parts.append(_integer_convolution(x_part, part, *shape))
            v = np.concatenate(parts, axis=1)
            v += layer.bias.numpy().astype(np.int64)[None, :, None, None]
            v = np.clip(_shift_down(v, layer.shift), -limit, limit)
        elif isinstance(module, nn.LeakyReLU):
            slope = round(module.negative_slope * 2**SLOPE_BITS)
            v = np.where(v < 0, _shift_down(v * slope, SLOPE_BITS), v)
        else:
            v = np.maximum(v, 0)
    return v


@pytest.mark.parametrize("scale", [1.0, 30.0, 3e4])
@pytest.mark.parametrize("reach", [1.0, 20.0, 1e5])
def test_it_equals_the_same_network_in_64_bit_integers(net: nn.Sequential, scale: float, reach: float):
    # 3e4 times the initial weights and inputs beyond every clamp: right below the bound.
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(scale)
    fixed = FixedPointNet.from_float(net)
    x = _input(reach=reach)
    assert np.array_equal(fixed(x).numpy().astype(np.int64), _integer_net(fixed, x))


def test_leaky_relu_rounds_negative_values_and_keeps_positive_ones():
    identity = FixedPointLayer(torch.ones(1, 1, 1, 1).double(), torch.zeros(1).double(), 0)
    fixed = FixedPointNet(nn.Sequential(nn.Conv2d(1, 1, 1), nn.LeakyReLU(0.25)), [identity])
    x = torch.tensor([-100.0, -6.0, -2.0, -1.0, 0.0, 1.0, 100.0]).double().reshape(1, 1, 1, 7)
    assert fixed(x).flatten().tolist() == [-25, -2, 0, 0, 0, 1, 100]  # -1.5 and -0.5 go to even


def test_relu_leaves_nothing_negative():
    identity = FixedPointLayer(torch.ones(1, 1, 1, 1).double(), torch.zeros(1).double(), 0)
    fixed = FixedPointNet(nn.Sequential(nn.Conv2d(1, 1, 1), nn.ReLU()), [identity])
    x = torch.tensor([-7.0, 0.0, 7.0]).double().reshape(1, 1, 1, 3)
    assert fixed(x).flatten().tolist() == [0, 0, 7]


# --- the same bits however it is run ---


def test_bits_do_not_depend_on_threads(net: nn.Sequential, threads):
    fixed = FixedPointNet.from_float(net)
    x = _input(h=24, w=24)
    threads(1)
    one = fixed(x)
    threads(2)
    assert torch.equal(fixed(x), one)


def test_bits_do_not_depend_on_the_batch(net: nn.Sequential):
    fixed = FixedPointNet.from_float(net)
    x = _input(batch=4)
    assert torch.equal(fixed(x), torch.cat([fixed(image[None]) for image in x]))


def test_bits_do_not_depend_on_the_memory_format(net: nn.Sequential):
    fixed = FixedPointNet.from_float(net)
    x = _input(batch=2)
    assert torch.equal(fixed(x.contiguous(memory_format=torch.channels_last)), fixed(x))


def test_bits_do_not_depend_on_autocast(net: nn.Sequential):
    fixed = FixedPointNet.from_float(net)
    x = _input()
    with torch.autocast("cpu", torch.bfloat16):
        inside = fixed(x)
    assert torch.equal(inside, fixed(x))


@pytest.mark.parametrize("strip", [1, 2, 5])
def test_bits_do_not_depend_on_how_the_image_is_cut(net: nn.Sequential, strip: int, monkeypatch):
    fixed = FixedPointNet.from_float(net)
    x = _input(h=13)
    whole = fixed(x)
    monkeypatch.setattr("litcodec.latent_coding.strips.STRIP_PIXELS", strip)
    cut = InStrips(fixed, rows_in=1, rows_out=whole.shape[2] // 13, columns_in=1, pixels=1)
    assert torch.equal(cut(x), whole)


# --- what cannot be made exact ---


def test_the_largest_sum_stays_below_the_accumulators_limit(net: nn.Sequential):
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(1e4)
    fixed = FixedPointNet.from_float(net)
    convolutions = [m for m in net if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d))]
    for module, layer in zip(convolutions, fixed.layers, strict=True):
        inputs = (0, 2, 3) if isinstance(module, nn.ConvTranspose2d) else (1, 2, 3)
        parts = layer.weight.abs().chunk(module.groups)
        sums = [part.sum(inputs) for part in parts]
        largest = (torch.cat(sums) * ACTIVATION_MAX + layer.bias.abs()).max()
        # Below the limit, but not by more than the factor 2 that the next finer grid would take.
        assert ACCUMULATOR_MAX / 2.01 < largest < ACCUMULATOR_MAX


@pytest.mark.parametrize(
    ("value", "message"),
    [(1e20, "too large for fixed point"), (float("nan"), "not finite"), (float("inf"), "not finite")],
)
@pytest.mark.parametrize("which", ["weight", "bias"])
def test_hopeless_weights_are_refused(net: nn.Sequential, which: str, value: float, message: str):
    with torch.no_grad():
        getattr(net[0], which).flatten()[0] = value
    with pytest.raises(FreezeError, match=message):
        FixedPointNet.from_float(net)


@pytest.mark.parametrize("layer", [nn.Tanh(), nn.BatchNorm2d(4), nn.Linear(4, 4)])
def test_other_layers_are_refused(layer: nn.Module):
    with pytest.raises(FreezeError, match=f"no fixed-point form of {type(layer).__name__}"):
        FixedPointNet.from_float(nn.Sequential(nn.Conv2d(4, 4, 1), layer))


@pytest.mark.parametrize(
    "convolution",
    [
        nn.ConvTranspose2d(4, 4, 3, padding=2, dilation=2),
        nn.Conv2d(4, 4, 3, padding=1, padding_mode="reflect"),
    ],
)
def test_convolutions_it_would_run_wrongly_are_refused(convolution: nn.Conv2d):
    with pytest.raises(FreezeError, match="no fixed-point form"):
        FixedPointNet.from_float(nn.Sequential(convolution))


def test_a_padding_by_name_is_refused():
    with pytest.raises(FreezeError, match="padding 'same'"):
        FixedPointNet.from_float(nn.Sequential(nn.Conv2d(4, 4, 3, padding="same")))(
            torch.zeros(1, 4, 3, 3).double()
        )


def test_layers_that_do_not_fit_the_structure_are_refused():
    structure = nn.Sequential(nn.Conv2d(2, 2, 1))
    weight, bias = torch.ones(2, 2, 1, 1).double(), torch.zeros(2).double()
    with pytest.raises(FreezeError, match="1 convolutions but 0"):
        FixedPointNet(structure, [])
    with pytest.raises(FreezeError, match="biases"):
        FixedPointNet(structure, [FixedPointLayer(weight, torch.zeros(3).double(), 0)])
    for shift in (-1, 21):
        with pytest.raises(FreezeError, match=f"shift {shift}"):
            FixedPointNet(structure, [FixedPointLayer(weight, bias, shift)])
    with pytest.raises(FreezeError, match="52-bit"):
        FixedPointNet(structure, [FixedPointLayer(weight * 2**28, bias, 0)])
