import pytest
import torch

from litcodec.layers import FullPrecisionConv2d, PointwiseConv2d, SubPixelDeconv2d, conv, deconv


@pytest.mark.parametrize(("kernel_size", "stride"), [(3, 1), (5, 2), (9, 4)])
def test_conv_divides_and_deconv_multiplies_the_sides(kernel_size: int, stride: int):
    x = torch.zeros(1, 3, 8 * stride, 5 * stride)
    small = conv(3, 2, kernel_size=kernel_size, stride=stride)(x)
    assert small.shape == (1, 2, 8, 5)
    assert deconv(2, 3, kernel_size=kernel_size, stride=stride)(small).shape == x.shape


def test_full_precision_conv_stays_in_float32_under_autocast():
    torch.manual_seed(0)
    layer = FullPrecisionConv2d(2, 3, 5, 2, padding=2)
    x = torch.randn(1, 2, 8, 8)
    plain = layer(x)
    with torch.autocast("cpu", torch.bfloat16):
        inside = layer(x)
        assert conv(2, 3)(x).dtype is torch.bfloat16  # autocast is really on
        assert layer(x.bfloat16()).dtype is torch.float32
    assert inside.dtype is torch.float32
    assert torch.equal(inside, plain)


@pytest.mark.parametrize(("kernel_size", "stride"), [(3, 1), (3, 2), (5, 2), (9, 4)])
def test_deconv_to_few_channels_gives_the_same_with_and_without_gradients(kernel_size: int, stride: int):
    torch.manual_seed(0)
    layer = deconv(7, 3, kernel_size=kernel_size, stride=stride)
    x = torch.randn(2, 7, 5, 6)
    with torch.no_grad():
        found = layer(x)
    torch.testing.assert_close(found, layer(x).detach(), rtol=0, atol=2e-6)


@pytest.mark.parametrize(
    "layer",
    [PointwiseConv2d(6, 5), FullPrecisionConv2d(6, 5, 4, 4), SubPixelDeconv2d(6, 5, 4, 4)],
    ids=lambda layer: type(layer).__name__,
)
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_products_stand_for_convolutions_where_no_gradient_is_needed(
    layer: torch.nn.Module, layout: torch.memory_format
) -> None:
    x = torch.randn(2, 6, 8, 12, generator=torch.Generator().manual_seed(0)).contiguous(memory_format=layout)
    expected = layer(x)
    with torch.no_grad():
        assert torch.allclose(layer(x), expected, atol=1e-5)
