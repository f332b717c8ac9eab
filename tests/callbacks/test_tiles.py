"""The tiles: what is drawn where, and on which scale."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from litcodec.dashboard.short_names import short_names
from litcodec.dashboard.tiles import ERROR_GAIN, GAP, LABEL_HEIGHT, Stage, bits_scale, on_one_canvas, panel


@pytest.mark.parametrize(
    ("largest", "scale"), [(0.0, 0.25), (0.25, 0.25), (0.26, 0.5), (3.0, 4.0), (float("nan"), 0.25)]
)
def test_the_colour_scale_is_a_power_of_two(largest: float, scale: float) -> None:
    assert bits_scale(largest) == scale


def test_a_panel_shows_original_reconstruction_error_and_bits() -> None:
    x = torch.full((1, 3, 20, 30), 0.5)
    x_hat = x.clone()
    x_hat[..., :15] += 0.05
    bits = torch.zeros(20, 30)
    bits[:10] = 1.0
    row, scale = panel(x, [Stage("reconstruction", x_hat)], bits, max_side=512)
    pixels = np.asarray(row)
    assert pixels.shape == (20 + LABEL_HEIGHT, 4 * 30 + 3 * GAP, 3)
    original, reconstruction, error, colours = (
        pixels[LABEL_HEIGHT:, k * (30 + GAP) : k * (30 + GAP) + 30] for k in range(4)
    )
    assert (original == 128).all()
    assert (reconstruction[:, :15] == 140).all()
    assert (error[:, :15] == round(255 * ERROR_GAIN * 0.05)).all()
    assert (error[:, 15:] == 0).all()
    assert scale == 1.0
    assert tuple(colours[0, 0]) == (253, 231, 37)  # the bright end of viridis
    assert tuple(colours[15, 0]) == (68, 1, 84)  # and the dark one


def test_a_stage_before_the_last_stands_between_original_and_reconstruction() -> None:
    x = torch.zeros(1, 3, 20, 200)
    stages = [Stage("inner", x + 0.2), Stage("enhanced", x + 0.1)]
    pixels = np.asarray(panel(x, stages, torch.zeros(20, 200), max_side=512).row)
    tiles = [pixels[:, k * (200 + GAP) : k * (200 + GAP) + 200] for k in range(5)]
    assert pixels.shape[1] == 5 * 200 + 4 * GAP
    assert [tile[LABEL_HEIGHT, 0, 0] for tile in tiles[:4]] == [0, 51, 26, 204]  # the error is the last one's
    assert all(tile[:LABEL_HEIGHT].min() < 128 for tile in tiles)  # every tile is named


def test_a_long_label_does_not_run_into_the_next_tile() -> None:
    x = torch.zeros(1, 3, 8, 30)
    stages = [Stage(label, x) for label in ("", "a long label " * 9)]
    short = np.asarray(panel(x, [stages[0]] * 2, torch.zeros(8, 30), max_side=30).row)
    long = np.asarray(panel(x, stages, torch.zeros(8, 30), max_side=30).row)
    differs = (short != long).any(axis=(0, 2)).nonzero()[0]
    assert 2 * (30 + GAP) <= differs.min() <= differs.max() < 2 * (30 + GAP) + 30


def test_large_images_are_cropped_at_the_centre_not_shrunk() -> None:
    x = torch.zeros(1, 3, 40, 60)
    x[..., 20, 30] = 1.0
    row, _ = panel(x, [Stage("", x)], torch.zeros(40, 60), max_side=11)
    tile = np.asarray(row)[LABEL_HEIGHT:, :11]
    assert tile.shape == (11, 11, 3)
    assert tile[20 - 14, 30 - 24, 0] == 255  # 14 = (40 - 11) // 2, 24 = (60 - 11) // 2


def test_images_of_a_diverged_codec_can_still_be_drawn() -> None:
    x = torch.zeros(1, 3, 16, 16)
    panel(x, [Stage("", torch.full_like(x, torch.nan))], torch.full((16, 16), torch.nan), max_side=16)


def test_one_canvas_fits_all() -> None:
    images = [Image.new("RGB", (10, 4)), Image.new("RGB", (6, 8))]
    assert [image.size for image in on_one_canvas(images)] == [(10, 8), (10, 8)]


def test_short_names_are_stems_unless_two_are_alike(tmp_path: Path) -> None:
    assert short_names(["kodim01.png", "x/kodim02.png"]) == {
        "kodim01.png": "kodim01",
        "x/kodim02.png": "kodim02",
    }
    assert short_names(["a/1.png", "b/1.png", "../c/2.jpg"]) == {
        "a/1.png": "a_1.png",
        "b/1.png": "b_1.png",
        "../c/2.jpg": "2",
    }
