"""A generator of patches and the encoder that inverts it."""

from pathlib import Path

import pytest
import torch

from litcodec.bitstream import pack
from litcodec.cli import main
from litcodec.codec_files import load_codec
from litcodec.codecs import PatchGenerator
from litcodec.errors import BitstreamError, Corrupt, ShapeError
from litcodec.frozen import from_stream
from litcodec.objectives import MSE, Objective, Term, bits_per_pixel
from litcodec.types import Compressed


@pytest.fixture(scope="module")
def codec() -> PatchGenerator:
    torch.manual_seed(0)
    return PatchGenerator(N=4, M=6).eval()


@pytest.mark.parametrize(("H", "W"), [(1, 1), (17, 33), (65, 200)])
@torch.no_grad()
def test_bytes_decode_to_the_latents_and_pixels_of_the_eval_forward(
    codec: PatchGenerator, image_like, H: int, W: int
) -> None:
    x, frozen = image_like(H, W), codec.freeze()
    coded, output = frozen.encode(x), codec(x)
    assert coded.symbols == 6 * -(-H // 64) * -(-W // 64)
    assert torch.equal(coded.y_hat, output.y_hat)
    assert torch.equal(frozen.decode_latents(coded.strings, (H, W)), coded.y_hat)
    pixels = frozen.decode(coded.strings, (H, W))
    assert pixels.shape == x.shape
    assert (pixels - output.x_hat.clamp(0, 1)).abs().max() < 1 / 255
    (packed,) = frozen.compress(x)
    for length in range(len(packed.strings[0])):
        with pytest.raises(BitstreamError):
            frozen.decompress([packed._replace(strings=(packed.strings[0][:length],))])


@torch.no_grad()
def test_each_patch_is_coded_by_itself(codec: PatchGenerator, image_like) -> None:
    x = image_like(128, 192)
    y, x_hat = codec.latents(x).y, codec(x).x_hat
    for row in range(2):
        for column in range(3):
            patch = x[..., 64 * row : 64 * row + 64, 64 * column : 64 * column + 64]
            alone = codec.latents(patch).y[0, :, 0, 0]
            assert torch.allclose(y[0, :, row, column], alone, atol=1e-4)
            there = x_hat[..., 64 * row : 64 * row + 64, 64 * column : 64 * column + 64]
            assert torch.allclose(codec(patch).x_hat, there, atol=1e-4)


def test_a_generator_in_training_sees_random_codes_and_no_distortion(image_like) -> None:
    torch.manual_seed(0)
    codec = PatchGenerator(N=4, M=6, sampled=True).train()
    x = image_like(64, 64, batch=200)
    output = codec(x)
    counts = torch.bincount(output.y_hat.long().flatten() + 7, minlength=15)
    assert counts.min() > 0.5 * 80 < counts.max() < 1.5 * 80
    loss = Objective([Term(MSE())]).loss(output, x, lmbda=1.0)
    assert float(loss.distortion.detach()) == 0.0
    assert codec.fixed_length == 4
    assert float(bits_per_pixel(codec.eval()(x)).detach()) <= 6 * 4 / 4096
    assert "sampled" not in codec.architecture.init_args  # a decoder does not need it


def test_the_two_trainings_of_the_configurations_follow_each_other(tmp_path: Path) -> None:
    """The second keeps the generator of the first to the last bit, and trains the encoder."""
    configs = Path(__file__).parents[2] / "configs"
    small = ["--model.codec.init_args.N=4", "--model.codec.init_args.M=6", "--trainer.max_steps=2"]
    small += ["--trainer.accelerator=cpu", "--data.init_args.batch_size=2", "--data.init_args.num_workers=0"]
    small += ["--run_root", str(tmp_path), "--trainer.logger=false", "--trainer.limit_val_batches=0"]
    small += [
        "--trainer.num_sanity_val_steps=0",
        "--trainer.callbacks=[]",
        "--checkpoint.every_n_train_steps=2",
    ]

    def fit(name: str, train: str, *more: str) -> Path:
        phase = f'[{{"train": {train}, "steps": 2, "learning_rate": 1e-3}}]'
        files = ["--config", str(configs / "base.yaml"), "--config", str(configs / "codec" / name)]
        assert main(["fit", *files, *small, "--model.phases", phase, *more]) == 0
        (found,) = (tmp_path / name.removesuffix(".yaml") / "latest").rglob("last.ckpt")
        assert main(["export", str(found), str(tmp_path / f"{name}.safetensors")]) == 0
        return found

    first = fit("santurkar2018_generator.yaml", '"g_s"', "--model.discriminator.init_args.widths=[4,4,4,4]")
    fit("santurkar2018.yaml", '["g_a", "latent_model"]', "--model.start_checkpoint", str(first))
    codecs = [load_codec(tmp_path / f"santurkar2018{k}.yaml.safetensors") for k in ("_generator", "")]
    before, after = (c.decoder_tensors() for c in codecs)
    assert all(torch.equal(before[name], after[name]) for name in before if name.startswith("g_s."))
    before, after = (c.encoder_tensors() for c in codecs)
    assert any(not torch.equal(before[name], after[name]) for name in before)


def test_arguments_that_make_no_codec_are_refused() -> None:
    with pytest.raises(ShapeError, match="odd"):
        PatchGenerator(centres=16)


@pytest.mark.parametrize("size", [(8192, 8192), (1, 2**20)])
@pytest.mark.parametrize("words", [0, 1, 100])
def test_a_few_bytes_that_claim_a_large_image_are_refused(
    codec: PatchGenerator, size: tuple[int, int], words: int
) -> None:
    frozen = codec.freeze()
    data = pack(Compressed((bytes(4 * words),), size), frozen.fingerprint)
    with pytest.raises(Corrupt, match=rf"{4 * words} bytes cannot be a string of 98304 symbols"):
        from_stream(frozen, data)
