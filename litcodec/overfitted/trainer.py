"""Fits grids and networks to one image.

The schedule follows Cool-chic 5: the temperature of the rounding and the noise fall linearly, learning rates
follow a cosine; in the last twentieth symbols are rounded and only the networks learn. Networks
have SOAP, grids Adam. Vyas et al., "SOAP: Improving and stabilizing Shampoo using Adam", ICLR 2025.
https://arxiv.org/abs/2409.11321
"""

import copy
import math
import time
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from litcodec.errors import CheckpointError, OptionError, ShapeError
from litcodec.frozen.padding import check_image, check_range
from litcodec.overfitted.choose_finest import choose_finest
from litcodec.overfitted.model import Networks, Parts, StepResult, backward
from litcodec.overfitted.presets import SIDE_MAX, grid_sizes, levels_for, preset_named
from litcodec.overfitted.quantise import noisy_round
from litcodec.overfitted.starting import starting_networks

GAIN = 16.0  # a grid's parameters times it are rounded to symbols
TEMPERATURES = (0.5, 0.08)  # a cooler beginning freezes grids of zeros
NOISE = (0.22, 0.15)
GRID_BETAS = (0.5, 0.95)  # of Adam: the noise is new in each iteration, and old gradients mislead
GRID_RATE, NETWORK_RATE = 2e-2, 1e-2  # learning rates at the beginning
RATE_LEFT = 1e-3  # of them at the end of their cosine
HARD_RATE = 1e-3  # of the networks once symbols are rounded
GRADIENT_NORM = 0.1
HARD_FROM = 0.95  # of the schedule
RATE_WINDOW = 0.8  # of the schedule, in which the weight of a bit follows a wanted rate
_SUM_KEY = "picture"  # of the checksum of the image, in states on disk


QUALITIES = (1.0, 100.0)
LMBDAS = (7.7e-4, 0.154)  # of these
MINUTES = 5.0  # where nothing is said


def lmbda_of(quality: float) -> float:
    """The weight of the distortion of a quality from 1 to 100.

    Raises:
        OptionError: if there is no such quality.
    """
    lowest, highest = QUALITIES
    if not lowest <= quality <= highest:
        raise OptionError(f"a quality is {lowest:g} to {highest:g}; got {quality:g}.")
    low, high = LMBDAS
    return low * math.pow(high / low, (quality - lowest) / (highest - lowest))


def weight_of(lmbda: float) -> float:
    """The weight of a bit per pixel beside an MSE on [0, 1], given that of the MSE on 0..255 beside a bit."""
    return 1 / (lmbda * 255**2)


def digest_of(x: Tensor) -> int:
    """CRC-32 of the 8-bit pixels of an image (1, 3, H, W) in [0, 1]."""
    return zlib.crc32((x * 255).round().to(torch.uint8).cpu().contiguous().numpy().tobytes())


class Settings(NamedTuple):
    """How to fit."""

    preset: str = "lop"
    lmbda: float = 0.0154  # weight of the distortion, as for every codec: R + lmbda * 255^2 * MSE
    iterations: int | None = None  # of the schedule
    minutes: float | None = None  # or how long it takes; 5 if neither is given
    bpp: float | None = None  # fit to about this rate; lmbda is where it begins
    seed: int = 0
    finest: int | None = None  # the finest grid that is coded; 1 leaves out three quarters of all symbols


class Progress(NamedTuple):
    """Where a fit stands."""

    iteration: int  # steps done
    fraction: float  # of the schedule, 0 to 1
    loss: float  # MSE on [0, 1] + bpp / (255^2 * lmbda)
    bpp: float  # estimated, of the grids alone
    psnr: float  # dB
    seconds_left: float


class Overfitter:
    """A fit under way.

    Args:
        x: the image (1, 3, H, W), in [0, 1].
        settings: how to fit.
        device: where.
        parts: networks of one's own.

    Raises:
        ShapeError: if ``x`` is not an image.
        OptionError: if a setting makes no sense.
    """

    def __init__(
        self, x: Tensor, settings: Settings, device: torch.device | str = "cpu", parts: Parts | None = None
    ) -> None:
        H, W = check_image(x)
        check_range(x)
        _check(settings)
        if max(H, W) > SIDE_MAX:
            raise ShapeError(f"{H} x {W} pixels; an overfitted image's sides are {SIDE_MAX} at most.")
        self.settings, self.x = settings, x.detach().float().to(device)
        self.levels, self.weight = levels_for(H, W), weight_of(settings.lmbda)
        finest = settings.finest
        if finest is None:
            finest = choose_finest(self.x, self.weight, settings.bpp)
        self.finest = min(finest, self.levels - 1)
        self._generator_state = torch.Generator().manual_seed(settings.seed).get_state()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            preset = preset_named(settings.preset)
            self.networks = starting_networks(settings.preset, preset, self.levels)
            self.networks.take(Parts() if parts is None else parts, self.levels)
        self.networks.to(device)
        if hasattr(self.networks.synthesis, "start_at"):
            self.networks.synthesis.start_at(self.x.mean((0, 2, 3)))
        self.networks_before_rounding: Networks | None = None  # once symbols are rounded: as they were then
        self.grids = [
            torch.zeros(size, device=device, requires_grad=k >= self.finest)
            for k, size in enumerate(grid_sizes(H, W, self.levels))
        ]
        self._adam = torch.optim.Adam(self.grids[self.finest :], lr=GRID_RATE, betas=GRID_BETAS)
        self.soap = _soap(self.networks)
        self.iteration, self._seconds = 0, 0.0
        self.interrupted = False

    def state(self) -> dict[str, Any]:
        """All that ``restore`` needs, for ``torch.save``."""
        before = self.networks_before_rounding
        return {
            "settings": self.settings._asdict(),
            "iteration": self.iteration,
            "seconds": self._seconds,
            "weight": self.weight,
            "generator": self._generator_state,
            "grids": [grid.detach() for grid in self.grids],
            "networks": self.networks.state_dict(),
            "adam": self._adam.state_dict(),
            "soap": self.soap.state_dict(),
            **({} if before is None else {"before_rounding": before.state_dict()}),
            _SUM_KEY: digest_of(self.x),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from where ``state`` was taken; the length of the schedule stays that of ``settings``.

        Raises:
            CheckpointError: if it is that of another image, preset or rate, or damaged.
        """
        try:
            before = Settings(**state["settings"])
            same = before[0:2] == self.settings[0:2] and before.finest == self.settings.finest
            if not same or before.bpp != self.settings.bpp or state[_SUM_KEY] != digest_of(self.x):
                raise CheckpointError(
                    "the interrupted fit is of another image, preset or rate. Leave --resume or --ckpt_path "
                    "out."
                )
            self.networks.load_state_dict(state["networks"])
            with torch.no_grad():
                for grid, kept in zip(self.grids, state["grids"], strict=True):
                    grid.copy_(kept)
            self._adam.load_state_dict(state["adam"])
            self.soap.load_state_dict(state["soap"])
            if "before_rounding" in state:
                self.networks_before_rounding = copy.deepcopy(self.networks)
                self.networks_before_rounding.load_state_dict(state["before_rounding"])
            self._generator_state = state["generator"]
            self.iteration, self._seconds = int(state["iteration"]), float(state["seconds"])
            self.weight = float(state["weight"])
        except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
            raise CheckpointError(f"the interrupted fit cannot be resumed: {error}") from error

    @property
    def fraction(self) -> float:
        """How much of the schedule is done, 0 to 1."""
        settings = self.settings
        if settings.iterations is not None:
            return min(1.0, self.iteration / settings.iterations)
        return min(1.0, self._seconds / (60 * (settings.minutes or MINUTES)))

    def step(self, step_networks: Callable[[], object] | None = None) -> Progress:
        """One iteration.

        Args:
            step_networks: steps ``soap`` for whoever counts its steps; it steps itself if not given.
        """
        began, fraction = time.perf_counter(), self.fraction
        hard = fraction >= HARD_FROM
        if hard and self.networks_before_rounding is None:
            self.networks_before_rounding = copy.deepcopy(self.networks)
        self._set_learning_rates(fraction)
        with torch.random.fork_rng(devices=[]):
            torch.set_rng_state(self._generator_state)
            found = backward(self.networks, self._rounded(fraction), self.x, self.weight, self.finest)
            self._generator_state = torch.get_rng_state()
        torch.nn.utils.clip_grad_norm_(self.networks.parameters(), GRADIENT_NORM)
        (step_networks or self.soap.step)()
        if not hard:
            self._adam.step()
        self.soap.zero_grad()
        self._adam.zero_grad()
        self.iteration += 1
        bpp = found.bits / self.pixels
        if self.settings.bpp is not None and 0.02 < fraction < RATE_WINDOW:
            off = math.log(max(bpp, 1e-4) / self.settings.bpp)
            self.weight *= math.exp(max(-0.02, min(0.02, 0.05 * off)))
        self._seconds += time.perf_counter() - began
        return self._progress(found, bpp)

    @property
    def pixels(self) -> int:
        """Of the image."""
        return self.x.shape[2] * self.x.shape[3]

    @torch.no_grad()
    def symbols(self) -> list[Tensor]:
        """The grids, rounded, (h, w) each, the finest first."""
        return [torch.round(grid * GAIN) for grid in self.grids]

    def _rounded(self, fraction: float) -> list[Tensor]:
        if fraction >= HARD_FROM:
            return self.symbols()
        temperature, noise = (a + (b - a) * fraction / HARD_FROM for a, b in (TEMPERATURES, NOISE))
        return [
            noisy_round(grid * GAIN, temperature, noise) if grid.requires_grad else grid
            for grid in self.grids
        ]

    def _set_learning_rates(self, fraction: float) -> None:
        if fraction >= HARD_FROM:
            self.soap.param_groups[0]["lr"] = HARD_RATE * (1 - fraction) / (1 - HARD_FROM)
            return
        falling = 0.5 + 0.5 * math.cos(math.pi * fraction / HARD_FROM)
        for optimiser, rate in ((self._adam, GRID_RATE), (self.soap, NETWORK_RATE)):
            optimiser.param_groups[0]["lr"] = rate * max(falling, RATE_LEFT)

    def _progress(self, found: StepResult, bpp: float) -> Progress:
        done = max(self.fraction, 1e-9)
        return Progress(
            self.iteration,
            self.fraction,
            found.mse + self.weight * bpp,
            bpp,
            -10 * math.log10(max(found.mse, 1e-12)),
            self._seconds * (1 - done) / done,
        )


def _soap(networks: Networks) -> torch.optim.Optimizer:
    try:
        from pytorch_optimizer import SOAP
    except ImportError as error:
        raise OptionError(
            "overfitting needs the package pytorch-optimizer: pip install pytorch-optimizer."
        ) from error
    optimiser: torch.optim.Optimizer = SOAP(
        networks.parameters(),
        lr=NETWORK_RATE,
        betas=(0.95, 0.95),
        weight_decay=0.0,
        precondition_frequency=10,
        max_precondition_dim=256,
    )
    return optimiser


def _check(settings: Settings) -> None:
    for name, value in (
        ("lmbda", settings.lmbda),
        ("iterations", settings.iterations),
        ("minutes", settings.minutes),
        ("bpp", settings.bpp),
    ):
        if value is not None and not (math.isfinite(value) and value > 0):
            raise OptionError(f"{name} must be above 0; got {value}.")
    if settings.finest is not None and settings.finest < 0:
        raise OptionError(f"finest is the number of a grid, from 0 on; got {settings.finest}.")
    if settings.iterations is not None and settings.minutes is not None:
        raise OptionError("give iterations or minutes, not both.")
