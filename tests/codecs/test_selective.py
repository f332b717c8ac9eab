"""Selective generation: a mask says what is coded."""

import pytest
import torch
from torch import Tensor

from litcodec.bitstream import unpack
from litcodec.cli import main
from litcodec.codec_files import load_codec, save_codec
from litcodec.codecs import FactorizedPrior, SelectiveGeneration
from litcodec.codecs.selective import random_boxes
from litcodec.data import load_image, write_png
from litcodec.errors import BitstreamError, Corrupt, FreezeError, ShapeError
from litcodec.frozen import FrozenSelective
from litcodec.objectives import MSE, Objective, Term, bits_per_pixel


@pytest.fixture(scope="module")
def codec() -> SelectiveGeneration:
    """Untrained, its y spread over all five centres and beyond."""
    torch.manual_seed(0)
    codec = SelectiveGeneration(N=4, M=3, blocks=1).eval()
    with torch.no_grad():
        codec.g_a[-1].weight.mul_(3)
    return codec


@pytest.fixture(scope="module")
def frozen(codec: SelectiveGeneration) -> FrozenSelective:
    return codec.freeze()


def mask_of(kind: str, H: int, W: int) -> Tensor:
    mask = torch.zeros(H, W, dtype=torch.bool)
    if kind == "corner":
        mask[-1, -1] = True
    if kind == "disc":
        rows, columns = torch.meshgrid(torch.arange(H), torch.arange(W), indexing="ij")
        mask = (rows - H / 2) ** 2 + (columns - W / 2) ** 2 < min(H, W) ** 2 / 9 + 1
    return mask if kind != "all" else ~mask


@pytest.mark.parametrize("kind", ["none", "corner", "disc", "all"])
@pytest.mark.parametrize(("H", "W"), [(1, 1), (17, 33), (255, 257)])
@torch.no_grad()
def test_bytes_decode_to_the_latents_that_the_mask_preserves(
    codec: SelectiveGeneration, frozen: FrozenSelective, image_like, H: int, W: int, kind: str
) -> None:
    x, mask = image_like(H, W), mask_of(kind, H, W)
    coded = frozen.with_mask(mask).encode(x)
    decoded = frozen.decode_latents(coded.strings, (H, W))  # which was not given the mask
    padded = torch.zeros(-(-H // 16) * 16, -(-W // 16) * 16, dtype=torch.bool)
    padded[:H, :W] = mask
    blocks = padded.reshape(padded.shape[0] // 16, 16, padded.shape[1] // 16, 16).any(3).any(1)
    assert torch.equal(decoded, coded.y_hat)
    assert torch.equal(decoded, codec(x).y_hat * blocks)
    assert frozen.decode(coded.strings, (H, W)).shape == x.shape
    assert (len(coded.strings[0]) == 0) == (not mask.any())


@torch.no_grad()
def test_outside_of_the_mask_nothing_takes_bits(frozen: FrozenSelective, image_like) -> None:
    x = image_like(128, 192)
    mask = torch.zeros(128, 192, dtype=torch.bool)
    mask[32:64, 48:112] = True
    selecting = frozen.with_mask(mask)
    y_bits, mask_bits = selecting.bits(x)
    assert y_bits.shape == (1, 3, 8, 12)
    assert int((y_bits > 0).sum()) == 3 * 2 * 4
    assert (y_bits[:, :, 2:4, 3:7] > 0).all()
    assert float(mask_bits.sum()) < 30  # four corners among 96 positions
    strings = selecting.encode(x).strings
    everything = frozen.encode(x).strings
    assert abs(8 * len(strings[0]) - float(y_bits.sum())) < 64
    assert len(strings[0]) < len(everything[0]) / 3
    assert [len(strings[1]), len(everything[1])] == [4, 4]


def test_training_counts_the_distortion_inside_the_box_alone(codec: SelectiveGeneration, image_like) -> None:
    torch.manual_seed(1)
    training = SelectiveGeneration(N=4, M=3, blocks=1).train()
    x = image_like(64, 80, batch=4)
    output = training(x)
    assert output.preserved is not None
    assert output.preserved.shape == (4, 1, 64, 80)
    inside = output.preserved.float().mean((1, 2, 3))
    assert inside.min() < 0.5 < inside.max() + 0.3
    error = ((output.x_hat - x).square() * output.preserved).mean()
    loss = Objective([Term(MSE())]).loss(output, x, lmbda=1.0)
    assert float(loss.distortion.detach()) == pytest.approx(255**2 * float(error.detach()), rel=1e-5)
    positions = float(inside.sum()) * 64 * 80 / 256  # equally likely symbols, 3 for each position
    assert float(bits_per_pixel(output).detach()) == pytest.approx(
        positions * 3 * torch.tensor(5.0).log2().item() / (4 * 64 * 80), rel=1e-4
    )
    assert codec(x).preserved is None


def test_the_error_inside_the_mask_falls_in_a_short_training(image_like) -> None:
    torch.manual_seed(0)
    training = SelectiveGeneration(N=4, M=4, blocks=1)
    x = image_like(64, 64, batch=2)
    optimiser = torch.optim.Adam(training.parameters(), lr=2e-3)
    objective = Objective([Term(MSE())])
    mask = torch.zeros(64, 64, dtype=torch.bool)
    mask[:32, 16:64] = True

    def error_inside() -> float:
        frozen = training.eval().freeze().with_mask(mask)
        errors = [(frozen.decode(frozen.encode(i[None]).strings, (64, 64)) - i).square() for i in x]
        return float(torch.cat(errors)[..., mask].mean())

    before = error_inside()
    training.train()
    for _ in range(80):
        optimiser.zero_grad()
        objective.loss(training(x), x, lmbda=0.01).loss.backward()
        optimiser.step()
    assert error_inside() < before / 3


def test_random_boxes_are_boxes_of_every_size() -> None:
    torch.manual_seed(0)
    boxes = random_boxes(torch.zeros(2000, 3, 4, 6))
    rows, columns = boxes.any(3).squeeze(1), boxes.any(2).squeeze(1)
    assert torch.equal(boxes[:, 0], rows[:, :, None] & columns[:, None, :])
    heights, widths = rows.sum(1), columns.sum(1)
    assert [heights.bincount(minlength=5)[0], widths.bincount(minlength=7)[0]] == [0, 0]
    assert heights.float().mean() == pytest.approx(2.5, abs=0.1)
    assert widths.float().mean() == pytest.approx(3.5, abs=0.1)
    assert boxes.float().mean((0, 1)).min() > 0.15


@torch.no_grad()
def test_damage_is_a_typed_error(frozen: FrozenSelective, image_like, tmp_path) -> None:
    save_codec(frozen, tmp_path / "sc.safetensors")
    loaded = load_codec(tmp_path / "sc.safetensors")
    x = image_like(64, 96)
    (packed,) = frozen.with_mask(mask_of("disc", 64, 96)).compress(x)
    assert loaded.fingerprint == frozen.fingerprint
    assert torch.equal(loaded.decompress([packed]), frozen.decompress([packed]))
    y, mask = packed.strings
    for strings in [(y[:k], mask) for k in range(len(y))] + [(y, mask[:k]) for k in range(len(mask))]:
        with pytest.raises(BitstreamError):
            loaded.decompress([packed._replace(strings=strings)])
    with pytest.raises(Corrupt):
        loaded.decompress([packed._replace(strings=(b"", mask))])
    with pytest.raises(Corrupt, match="symbols"):  # an image of 2^28 pixels in a few bytes
        loaded.decompress([packed._replace(size=(2**14, 2**14))])


def test_masks_that_do_not_fit_are_refused(frozen: FrozenSelective, image_like) -> None:
    with pytest.raises(ShapeError, match="the mask is 20x10, the image is 33x17"):
        frozen.with_mask(torch.ones(10, 20, dtype=torch.bool)).encode(image_like(17, 33))
    with pytest.raises(ShapeError, match="bool"):
        frozen.with_mask(torch.ones(10, 20))
    other = FactorizedPrior(N=4, M=4).eval().freeze()
    assert not other.takes_mask
    with pytest.raises(FreezeError, match="FactorizedPrior codes whole images"):
        other.with_mask(torch.ones(10, 20, dtype=torch.bool))


@torch.no_grad()
def test_the_command_takes_a_mask_and_the_decoder_needs_none(
    frozen: FrozenSelective, image_like, tmp_path, capsys
) -> None:
    codec, image, mask = tmp_path / "sc.safetensors", tmp_path / "a.png", tmp_path / "mask.png"
    save_codec(frozen, codec)
    write_png(image, (image_like(70, 90)[0] * 255).round().to(torch.uint8))
    white = mask_of("disc", 70, 90)
    write_png(mask, (255 * white.to(torch.uint8)).expand(3, -1, -1))
    assert main(["compress", str(image), "-c", str(codec), "--mask", str(mask)]) == 0
    strings = unpack(image.with_suffix(".litc").read_bytes(), fingerprint=frozen.fingerprint).strings
    x = load_image(image).x[None].float() / 255
    assert strings == frozen.with_mask(white).encode(x).strings
    assert (
        main(["decompress", str(image.with_suffix(".litc")), "-c", str(codec), "-o", str(tmp_path / "b.png")])
        == 0
    )
    capsys.readouterr()
    assert main(["compress", str(image), "--mask", str(mask), "-f"]) == 1
    assert "--mask needs a codec that takes one, as SelectiveGeneration does" in capsys.readouterr().err
    write_png(mask, torch.zeros(3, 7, 9, dtype=torch.uint8))
    assert main(["compress", str(image), "-c", str(codec), "--mask", str(mask), "-f"]) == 1
    assert "the mask is 9x7, the image is 90x70" in capsys.readouterr().err
