import torch

from litcodec.layers import SeparableBlock


def test_it_starts_as_the_identity_nearly_and_every_weight_gets_a_gradient() -> None:
    torch.manual_seed(0)
    block, x = SeparableBlock(16), torch.randn(2, 16, 8, 6)
    out = block(x)
    assert 0 < (out - x).abs().max() < 1e-3
    (out * torch.randn(out.shape)).sum().backward()
    for name, parameter in block.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@torch.no_grad()
def test_quiet_channels_are_heard_as_loud_ones() -> None:
    torch.manual_seed(0)
    spread = torch.logspace(-2, 1, 64)
    block = SeparableBlock(64, spread=spread)
    plain = SeparableBlock(64)
    x = torch.randn(4, 64, 16, 16)
    loud = block.depthwise(x * spread[:, None, None]).std(dim=(0, 2, 3))
    assert loud.max() / loud.min() < 10  # weights differ; the spreads differ a thousandfold
    deaf = plain.depthwise(x * spread[:, None, None]).std(dim=(0, 2, 3))
    assert deaf.max() / deaf.min() > 300


@torch.no_grad()
def test_a_place_sees_its_neighbours_alone() -> None:
    torch.manual_seed(0)
    block = SeparableBlock(4)
    block.contract.weight.normal_()
    x = torch.zeros(1, 4, 9, 9)
    x[:, :, 4, 4] = 1
    changed = (block(x) - block(torch.zeros_like(x))).abs().sum(dim=1)[0] > 1e-6
    assert changed.nonzero().amin(dim=0).tolist() == [3, 3]
    assert changed.nonzero().amax(dim=0).tolist() == [5, 5]
