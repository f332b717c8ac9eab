"""A throw-away package ``mylab`` outside the repository: own metric, baseline and codec."""

from pathlib import Path

METRICS = """
from litcodec.metrics import Metric


def worst(x, x_hat):
    return float((x - x_hat).abs().max()) * 255


WORST = Metric("worst", "Largest error", "levels", False, 1, worst)
"""
BASELINE = '''
import io

import numpy as np
import torch
from PIL import Image


class Gif:
    """GIF of a fixed number of colours."""

    name, key, suffix, source = "GIF", "gif", ".gif", "Pillow"
    qualities = (4.0, 16.0, 32.0, 64.0, 128.0)

    def setting(self, quality):
        return f"{quality:.0f} colours"

    def compress(self, x, quality):
        file = io.BytesIO()
        Image.fromarray(x.permute(1, 2, 0).numpy()).quantize(int(quality)).save(file, "GIF")
        return file.getvalue()

    def decompress(self, data):
        with Image.open(io.BytesIO(data)) as image:
            return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)
'''
CODEC = '''
from litcodec.codecs import FactorizedPrior


class Plain(FactorizedPrior):
    """Another class than any of litcodec's."""
'''


def write_mylab(folder: Path) -> Path:
    """Write the package below ``folder``; returns ``folder``, which is to be on the path."""
    package = folder / "mylab"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("from mylab.baselines import Gif\n")
    for name, text in (("metrics", METRICS), ("baselines", BASELINE), ("codecs", CODEC)):
        (package / f"{name}.py").write_text(text)
    return folder
