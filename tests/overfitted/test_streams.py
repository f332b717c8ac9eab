"""Overfitted streams: what is fitted is written, and read back exactly."""

import random
from pathlib import Path

import pytest
import torch
from torch import Tensor

import litcodec
from litcodec.bitstream import pack, read_header, unpack
from litcodec.errors import (
    CheckpointError,
    Corrupt,
    LitcodecError,
    OptionError,
    ShapeError,
    TooLarge,
)
from litcodec.frozen import from_stream
from litcodec.overfitted import (
    FINGERPRINT,
    FrozenOverfitted,
    Overfitter,
    Progress,
    Settings,
    Written,
    lmbda_of,
    run,
    walk,
    weights,
    write,
)
from litcodec.overfitted.codec import exact_network
from litcodec.overfitted.entropy_network import features_of, surround
from litcodec.types import Compressed


def smooth_image(H: int, W: int) -> Tensor:
    """Waves and an edge, 8 bits."""
    rows, columns = torch.meshgrid(torch.arange(H) / 9.0, torch.arange(W) / 9.0, indexing="ij")
    waves = torch.stack([torch.sin((k + 1) * rows + (3 - k) * columns) for k in range(3)])
    return ((0.5 + 0.2 * waves + 0.2 * (rows > columns)) * 255).round().clamp(0, 255)[None] / 255


@pytest.fixture(scope="module")
def fit() -> Overfitter:
    fit = Overfitter(smooth_image(40, 57), Settings(iterations=60))
    while fit.fraction < 1:
        fit.step()
    return fit


@pytest.fixture(scope="module")
def stream(fit: Overfitter) -> bytes:
    return pack(Compressed(write(fit).strings, (40, 57)), FINGERPRINT)


def test_a_fit_lowers_the_loss_to_a_third():
    fit = Overfitter(smooth_image(40, 57), Settings(iterations=60))
    losses = [fit.step().loss for _ in range(60)]
    assert losses[-1] < losses[0] / 3


def test_what_is_decoded_is_what_the_encoder_saw(fit: Overfitter, stream: bytes):
    written, codec = write(fit), FrozenOverfitted()
    strings, size = unpack(stream, fingerprint=FINGERPRINT)
    assert torch.equal(codec.decode_latents(strings, size)[0, 0].long(), torch.from_numpy(written.grids[0]))
    x_hat = from_stream(codec, stream)
    assert float(((x_hat - written.x_hat).abs() * 255).max()) <= 0.5 + 1e-3
    assert float((x_hat - fit.x).square().mean()) == pytest.approx(written.mse, rel=0.05)


@pytest.mark.parametrize("preset", ["lop", "mop"])
@pytest.mark.parametrize("size", [(1, 1), (3, 70), (33, 17)])
def test_every_size_is_coded(size: tuple[int, int], preset: str):
    x = smooth_image(*size)
    data = litcodec.overfit(x, iterations=3, preset=preset)
    x_hat = litcodec.load("overfit").decompress(data, as_="tensor")
    assert x_hat.shape == (3, *size)
    assert read_header(data).fingerprint == FINGERPRINT


def test_bytes_are_as_many_as_the_loss_counts(fit: Overfitter):
    written = write(fit)
    assert len(written.strings[1]) * 8 == pytest.approx(_exact_bits(written), rel=0.005, abs=64)


def _exact_bits(written: Written) -> float:
    """Of all symbols, by the integer tables that code them; the string's last word is not full."""
    read = weights.read(written.strings[0])
    found = walk.bits(written.grids, read.layout.first, exact_network(read), read.layout.preset.context)
    return sum(float(bits.sum()) for bits in found)


@torch.no_grad()
def test_the_rate_of_training_is_that_of_the_tables(fit: Overfitter):
    written = write(fit)
    read = weights.read(written.strings[0])
    entropy, first = read.networks.entropy, read.layout.first
    y = [torch.from_numpy(grid).float() for grid in written.grids]
    bits = sum(float(entropy.bits(surround(y[k]), features_of(y, k))) for k in range(first, len(y)))
    assert _exact_bits(written) == pytest.approx(bits, rel=0.01)


def test_damaged_streams_are_refused_or_decode(stream: bytes):
    strings, size = unpack(stream, fingerprint=FINGERPRINT)
    rng, codec, refused = random.Random(0), FrozenOverfitted(), 0
    for _ in range(120):
        changed = [bytearray(string) for string in strings]
        part = changed[rng.randrange(2)]
        for _ in range(rng.choice((1, 1, 8))):
            part[rng.randrange(len(part))] = rng.randrange(256)
        del part[rng.choice((len(part), len(part), rng.randrange(len(part)))) :]
        data = pack(Compressed(tuple(map(bytes, changed)), size), FINGERPRINT)
        try:
            assert from_stream(codec, data).shape == (1, 3, *size)
        except LitcodecError:
            refused += 1
    assert refused > 40


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (0, 9, "context"),
        (1, 33, "channels"),
        (2, 4, "layers"),
        (5, 9, "grids"),
        (6, 7, "grids"),
        (7, 17, "step"),
    ],
)
def test_sizes_that_no_encoder_writes_are_corrupt(stream: bytes, place: int, value: int, said: str):
    (networks, symbols), size = unpack(stream, fingerprint=FINGERPRINT)
    changed = networks[:place] + bytes([value]) + networks[place + 1 :]
    with pytest.raises(Corrupt, match=said):
        FrozenOverfitted().decode((changed, symbols), size)


def test_huge_claims_are_refused_at_once(stream: bytes):
    strings, _ = unpack(stream, fingerprint=FINGERPRINT)
    with pytest.raises(TooLarge, match="16384"):
        FrozenOverfitted().decode(strings, (1, 2**15))
    with pytest.raises(Corrupt):
        FrozenOverfitted().decode((strings[0], strings[1][:4]), (2**14, 2**13))


def test_a_fit_that_was_kept_goes_on_as_if_never_interrupted():
    x, settings = smooth_image(24, 31), Settings(iterations=16)
    whole = Overfitter(x, settings)
    for _ in range(16):
        wanted = whole.step()
    first, second = Overfitter(x, settings), Overfitter(x, settings)
    for _ in range(9):
        first.step()
    second.restore(first.state())
    for _ in range(7):
        found = second.step()
    assert found.iteration == 16
    assert found.loss == wanted.loss


@pytest.mark.parametrize("at", [9, 39])  # of 40: symbols are rounded from 38 on
def test_an_interrupted_fit_ends_with_the_bytes_of_an_uninterrupted_one(at: int, tmp_path: Path):
    x, settings = smooth_image(40, 57), Settings(iterations=40)
    first, second = Overfitter(x, settings), Overfitter(x, settings)

    def stop(progress: Progress) -> None:
        if progress.iteration == at:
            raise KeyboardInterrupt

    run(first, stop)
    assert first.interrupted
    torch.save(first.state(), tmp_path / "begun")
    second.restore(torch.load(tmp_path / "begun", weights_only=True))
    assert run(second).strings == run(Overfitter(x, settings)).strings


def test_a_state_of_another_image_is_refused():
    state = Overfitter(smooth_image(24, 31), Settings(iterations=16)).state()
    with pytest.raises(CheckpointError, match="another image"):
        Overfitter(smooth_image(25, 31), Settings(iterations=16)).restore(state)
    with pytest.raises(CheckpointError, match="cannot be resumed"):
        Overfitter(smooth_image(24, 31), Settings(iterations=16)).restore({**state, "grids": []})


def test_an_interrupt_leaves_what_there_is():
    seen: list[Progress] = []

    def stop(progress: Progress) -> None:
        seen.append(progress)
        if progress.iteration == 5:
            raise KeyboardInterrupt

    data = litcodec.overfit(smooth_image(24, 31), iterations=1000, callback=stop)
    assert [progress.iteration for progress in seen] == [1, 2, 3, 4, 5]
    assert from_stream(FrozenOverfitted(), data).shape == (1, 3, 24, 31)


def test_minutes_bound_a_fit():
    fit = Overfitter(smooth_image(24, 31), Settings(minutes=0.01))
    run(fit)
    assert fit.fraction == 1
    assert fit.iteration >= 2


def test_a_higher_quality_takes_more_bytes():
    sizes = [len(litcodec.overfit(smooth_image(40, 57), iterations=40, lmbda=lmbda_of(q))) for q in (20, 90)]
    assert sizes[0] < sizes[1]


@pytest.mark.parametrize(
    "settings",
    [
        Settings("hip"),
        Settings(lmbda=0),
        Settings(iterations=0),
        Settings(minutes=1, iterations=1),
        Settings(bpp=-1),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: Settings):
    with pytest.raises(OptionError):
        Overfitter(smooth_image(8, 8), settings)


def test_sides_beyond_the_format_are_refused():
    with pytest.raises(ShapeError, match="16384"):
        Overfitter(torch.zeros(1, 3, 1, 2**14 + 1), Settings(iterations=1))
