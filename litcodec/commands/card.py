"""Write the card of a codec that is to be packaged: ``python -m litcodec.commands.card``.

For developers: ``litcodec codecs`` shows what this writes, and a test compares it with the model card.
"""

import argparse
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from litcodec.baselines import KODAK
from litcodec.codec_files import load_codec
from litcodec.errors import CodecFileError, CurveError, OptionError, ResultsError
from litcodec.evaluation import Results, atomic_output, check_output, read_results
from litcodec.evaluation.curve_names import architecture_words
from litcodec.evaluation.curves import Curve, CurvePoint, better_of, curves_of
from litcodec.evaluation.image_sets import ImageCurve, image_curves
from litcodec.evaluation.lossless import lossless_points
from litcodec.evaluation.merging import merge_points
from litcodec.frozen import FrozenCodec
from litcodec.metrics import RDCurve, bd_rate, bd_rate_of_images
from litcodec.regular_file import regular_file

QUALITIES = (1.0, 100.0)
RATES = (0.1, 1.2)  # bits per pixel that BD-rates are over
# What a baseline is called on a card, and the curves it is the better of.
BASELINES = {
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
    parser.add_argument("results", type=Path, help="of litcodec evaluate, on Kodak, with baselines")
    parser.add_argument("training", type=Path, help="JSON: the fields of litcodec.zoo.Training")
    parser.add_argument("--default", action="store_true", help="what litcodec compress takes")
    parser.add_argument("-f", "--force", action="store_true", help="replace a card that exists")
    options = parser.parse_args(arguments)
    inputs = [options.codec, options.results, options.training]
    output = check_output(options.codec.with_suffix(".json"), overwrite=options.force, inputs=inputs)
    codec = load_codec(options.codec)
    if codec.qualities is None and not codec.lossless:
        raise CodecFileError(f"{options.codec} holds a {codec.architecture.name}, which has no -q.")
    results = read_results(options.results)
    figures = _lossless(codec, options, results) if codec.lossless else _lossy(codec, options, results)
    tensors = {**codec.decoder_tensors(), **codec.encoder_tensors()}
    tables = ".tables.", "asinh"
    weights = (t for name, t in tensors.items() if not any(word in name for word in tables))
    card = {
        "fingerprint": codec.fingerprint.hex(),
        **figures,
        "parameters": sum(tensor.numel() for tensor in weights),
        "training": json.loads(regular_file(options.training, OptionError).read_text()),
        "default": options.default,
    }
    with atomic_output(output, overwrite=options.force, inputs=inputs) as file:
        file.write(f"{json.dumps(card, indent=2)}\n".encode())
    print(json.dumps(figures, indent=2))
    return 0


def _lossy(codec: FrozenCodec, options: argparse.Namespace, results: Results) -> dict[str, object]:
    """What a card says of a codec of variable rate."""
    assert codec.qualities is not None
    curves = {curve.name: curve for curve in curves_of([results])}
    images = image_curves(merge_points([results]))
    ours = next(
        (c for c in curves.values() if c.kind == "codec" and c.source.endswith(options.codec.name)), None
    )
    if ours is None:
        raise ResultsError(f"{options.results} has no curve of {options.codec.name}.")
    first, last = (_point(ours, quality) for quality in QUALITIES)
    return {
        "codec": ours.name,
        "lmbda": [codec.at_quality(quality).training.lmbda for quality in codec.qualities],
        "kodak": {
            "bpp": [round(point.bpp, 4) for point in (first, last)],
            "psnr_rgb": [round(point.scores.get("psnr", 0.0), 3) for point in (first, last)],
            "bd_rate_psnr": _bd_rates(ours, curves, "psnr"),
            "bd_rate_ms_ssim": _bd_rates(ours, curves, "ms_ssim_db"),
            "bd_rate_images_psnr": _bd_rates_of_images(ours, images, "psnr"),
            "bd_rate_images_ms_ssim": _bd_rates_of_images(ours, images, "ms_ssim_db"),
        },
    }


def _lossless(codec: FrozenCodec, options: argparse.Namespace, results: Results) -> dict[str, object]:
    """What a card says of a lossless codec."""
    points = [
        point
        for point in lossless_points(merge_points([results]))
        if {Path(image).stem for image in point.images} == KODAK
    ]
    source = {p.curve: p.source for p in results.points}
    ours = next(
        (p for p in points if p.kind == "codec" and source[p.curve].endswith(options.codec.name)), None
    )
    if ours is None or ours.encode_s is None or ours.decode_s is None:
        raise ResultsError(
            f"{options.results} has no {options.codec.name} that was lossless on all {len(KODAK)} images."
        )
    others = {
        f"{p.curve}, {p.setting}": round(p.bits_per_sub_pixel, 3) for p in points if p.kind == "baseline"
    }
    return {
        "codec": architecture_words(codec.architecture),
        "lossless": {
            "bits_per_sub_pixel": round(ours.bits_per_sub_pixel, 3),
            "baselines": others,
            "encode_s": round(ours.encode_s, 1),
            "decode_s": round(ours.decode_s, 1),
        },
    }


def _point(ours: Curve, quality: float) -> CurvePoint:
    for point in ours.points:
        if point.setting == f"q {quality:g}" and point.images == len(KODAK):
            return point
    raise ResultsError(f"{ours.name} was not measured on all {len(KODAK)} images at q {quality:g}.")


def _bd_rates(ours: Curve, curves: dict[str, Curve], metric: str) -> dict[str, float]:
    mine = _within(ours.pairs(metric))
    found = {}
    for name, parts in BASELINES.items():
        missing = set(parts) - set(curves)
        if missing and name in NEEDED:
            raise ResultsError(f"the results lack {', '.join(sorted(missing))}; add them with --baselines.")
        if not missing:
            theirs = better_of([curves[part].pairs(metric) for part in parts])
            found[name] = round(bd_rate(theirs, mine).value, 1)
    return found


def _bd_rates_of_images(ours: Curve, images: Mapping[str, ImageCurve], metric: str) -> dict[str, list[float]]:
    """Of each baseline the mean of per-image BD-rates, its standard deviation and the number of images."""

    def points(name: str, image: str) -> list[tuple[float, float]]:
        found = [setting[image] for setting in images[name].settings if image in setting]
        pairs = [(point.bpp, point.scores.get(metric, math.nan)) for point in found]
        return [pair for pair in pairs if math.isfinite(pair[1])]

    found = {}
    for name, parts in BASELINES.items():
        if not set(parts) <= set(images):
            continue
        pairs = []
        for image in sorted(images[ours.name].asked):
            theirs = better_of([points(part, image) for part in parts])
            try:
                pairs.append((RDCurve(theirs), RDCurve(_within(points(ours.name, image)))))
            except CurveError:
                continue
        try:
            each = bd_rate_of_images(pairs)
        except CurveError:
            continue
        found[name] = [round(each.value, 1), round(0.0 if math.isnan(each.std) else each.std, 1), each.images]
    return found


def _within(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(bpp, quality) for bpp, quality in points if RATES[0] <= bpp <= RATES[1]]


if __name__ == "__main__":
    raise SystemExit(main())
