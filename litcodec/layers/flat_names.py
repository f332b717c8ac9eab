"""A child module whose weights are named as if they were its parent's own.

Checkpoints name weights as the papers do, ``h_a.0.weight``, whatever object holds them.
"""

from functools import partial
from typing import Any

from torch import Tensor, nn


def name_flat(parent: nn.Module, child: str) -> None:
    """Leave ``child`` out of the names in ``parent``'s state dict."""
    # Not closures: a module has to be picklable.
    parent.register_state_dict_post_hook(partial(_shorten, child))  # type: ignore[no-untyped-call]
    parent.register_load_state_dict_pre_hook(partial(_lengthen, child))  # type: ignore[no-untyped-call]


def _shorten(
    child: str, module: nn.Module, state: dict[str, Tensor], prefix: str, local_metadata: dict[str, Any]
) -> None:
    dotted = f"{prefix}{child}."
    for name in [name for name in state if name.startswith(dotted)]:
        state[prefix + name.removeprefix(dotted)] = state.pop(name)


def _lengthen(child: str, module: nn.Module, state: dict[str, Tensor], prefix: str, *_: object) -> None:
    kept = tuple(f"{prefix}{name}." for name, _ in module.named_children())
    for name in [name for name in state if name.startswith(prefix) and not name.startswith(kept)]:
        state[f"{prefix}{child}.{name.removeprefix(prefix)}"] = state.pop(name)
