"""Write the card of a codec that is to be packaged: ``python -m litcodec.commands.card``.

For developers: ``litcodec codecs`` shows what this writes, and a test compares it with the model card.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from litcodec.anchors import KODAK
from litcodec.codec_files import load_codec
from litcodec.errors import CodecFileError, ResultsError
from litcodec.evaluation import atomic_output, read_results
from litcodec.evaluation.curves import Curve, CurvePoint, better_of, curves_of
from litcodec.metrics import bd_rate

QUALITIES = (1.0, 100.0)
RATES = (0.1, 1.2)  # bits per pixel that BD-rates are over
# What a yardstick is called on a card, and the curves it is the better of.
YARDSTICKS = {
    "JPEG": ("JPEG", "JPEG 4:4:4"),
    "JPEG 2000": ("JPEG 2000",),
    "WebP": ("WebP",),
    "AVIF 4:4:4": ("AVIF 4:4:4",),
}
NEEDED = ("JPEG", "JPEG 2000")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write ``NAME.json`` beside the codec file ``NAME.safetensors``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("codec", type=Path, help="the codec file, in litcodec/zoo")
    parser.add_argument("results", type=Path, help="of litcodec evaluate, on Kodak, with yardsticks")
    parser.add_argument("training", type=Path, help="JSON: the fields of litcodec.zoo.Training")
    parser.add_argument("--default", action="store_true", help="what litcodec compress takes")
    options = parser.parse_args(arguments)
    codec = load_codec(options.codec)
    if codec.qualities is None:
        raise CodecFileError(f"{options.codec} holds a {codec.architecture.name}, which has no -q.")
    curves = {curve.name: curve for curve in curves_of([read_results(options.results)])}
    ours = next(
        (c for c in curves.values() if c.kind == "codec" and c.source.endswith(options.codec.name)), None
    )
    if ours is None:
        raise ResultsError(f"{options.results} has no curve of {options.codec.name}.")
    first, last = (_point(ours, quality) for quality in QUALITIES)
    tensors = {**codec.decoder_tensors(), **codec.encoder_tensors()}
    weights = (t for name, t in tensors.items() if ".tables." not in name)
    card = {
        "fingerprint": codec.fingerprint.hex(),
        "codec": ours.name,
        "parameters": sum(tensor.numel() for tensor in weights),
        "lmbda": [codec.at_quality(quality).training.lmbda for quality in codec.qualities],
        "kodak": {
            "bpp": [round(point.bpp, 4) for point in (first, last)],
            "psnr_rgb": [round(point.psnr_rgb or 0.0, 3) for point in (first, last)],
            "bd_rate_psnr": _bd_rates(ours, curves, "psnr_rgb"),
            "bd_rate_ms_ssim": _bd_rates(ours, curves, "ms_ssim_db"),
        },
        "training": json.loads(options.training.read_text()),
        "default": options.default,
    }
    inputs = [options.codec, options.results, options.training]
    with atomic_output(options.codec.with_suffix(".json"), overwrite=True, inputs=inputs) as file:
        file.write(f"{json.dumps(card, indent=2)}\n".encode())
    print(json.dumps(card["kodak"], indent=2))
    return 0


def _point(ours: Curve, quality: float) -> CurvePoint:
    for point in ours.points:
        if point.setting == f"q {quality:g}" and point.images == len(KODAK):
            return point
    raise ResultsError(f"{ours.name} was not measured on all {len(KODAK)} pictures at q {quality:g}.")


def _bd_rates(ours: Curve, curves: dict[str, Curve], metric: str) -> dict[str, float]:
    mine = [(p.bpp, getattr(p, metric)) for p in ours.points if RATES[0] <= p.bpp <= RATES[1]]
    found = {}
    for name, parts in YARDSTICKS.items():
        missing = set(parts) - set(curves)
        if missing and name in NEEDED:
            raise ResultsError(f"the results lack {', '.join(sorted(missing))}; add them with --anchors.")
        if not missing:
            theirs = better_of([[(p.bpp, getattr(p, metric)) for p in curves[part].points] for part in parts])
            found[name] = round(bd_rate(theirs, mine).value, 1)
    return found


if __name__ == "__main__":
    raise SystemExit(main())
