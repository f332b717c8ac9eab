import pytest
import torch

from litcodec.ops import lower_bound


def test_values_below_the_bound_are_raised_to_it():
    x = torch.tensor([-3.0, 0.0, 0.5, 1.0, 7.0])
    assert lower_bound(x, 0.5).tolist() == [0.5, 0.5, 0.5, 1.0, 7.0]


@pytest.mark.parametrize(
    ("value", "upstream", "expected"),
    [
        (2.0, 3.0, 3.0),  # above: always passed on
        (2.0, -3.0, -3.0),
        (1.0, 3.0, 3.0),  # at the bound: as above
        (1.0, -3.0, -3.0),
        (0.0, 3.0, 0.0),  # below, and a descent step would go down further
        (0.0, -3.0, -3.0),  # below, and a descent step would come back up
    ],
)
def test_gradient_on_both_sides_for_both_signs(value: float, upstream: float, expected: float):
    x = torch.tensor(value, requires_grad=True)
    lower_bound(x, 1.0).backward(torch.tensor(upstream))
    assert x.grad.item() == expected


def test_a_value_below_the_bound_recovers_by_descent():
    x = torch.tensor(-1.0, requires_grad=True)
    optimiser = torch.optim.SGD([x], lr=0.1)
    for _ in range(40):
        optimiser.zero_grad()
        (lower_bound(x, 0.0) - 1).square().backward()
        optimiser.step()
    assert x.item() == pytest.approx(1.0, abs=0.01)


def test_gradient_is_exact_above_the_bound():
    x = torch.tensor([1.5, 2.5, 9.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda v: lower_bound(v, 1.0), x)
