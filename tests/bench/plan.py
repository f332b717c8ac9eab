"""What both sides of the bench are told, and the one rule by which both are timed. Standard library only."""

import json
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple


class Plan(NamedTuple):
    """Sizes and repetitions, alike on both sides."""

    folder: str  # of what inputs.py made
    threads: int
    repeats: int = 5
    N: int = 128
    M: int = 192
    context_sizes: tuple[int, int] = (192, 192)  # N, M of the autoregressive codec, as published
    batch: int = 8
    patch: int = 256
    latents: tuple[int, ...] = (192, 320)  # channels of the latents given to the entropy coders
    latent_size: tuple[int, int] = (32, 48)
    image_size: tuple[int, int] = (512, 768)  # (H, W)
    large_size: tuple[int, int] = (4000, 6000)
    photograph_size: tuple[int, int] = (1500, 2000)
    papers: str = "*.yaml"  # which of configs/codec


def read_plan(text: str) -> Plan:
    """The plan in a command-line argument."""
    return Plan(**json.loads(text))


def seconds(work: Callable[[], object], plan: Plan) -> float:
    """Median duration of ``work`` over ``plan.repeats`` runs, after one that does not count."""
    work()
    taken = []
    for _ in range(plan.repeats):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)
