"""Collecting small Python objects from all processes of a run."""

from typing import TypeVar

import torch.distributed

T = TypeVar("T")


def gather_from_ranks(item: T) -> list[T]:
    """Every rank's item, in order of rank, on every rank.

    A collective: call it on all ranks, never in a section of rank 0 alone.
    """
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return [item]
    items: list[T | None] = [None] * torch.distributed.get_world_size()
    torch.distributed.all_gather_object(items, item)
    return [found for found in items if found is not None]
