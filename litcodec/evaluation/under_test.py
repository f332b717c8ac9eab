"""The codecs under test: codec files and baselines at one setting each, named, behind the same two verbs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import NamedTuple

from litcodec.baselines import LOSSLESS_KEYS
from litcodec.baselines.base import Baseline
from litcodec.codec_files import with_synthesis_beside
from litcodec.device import find_device
from litcodec.errors import CodecFileError
from litcodec.evaluation.coders import BaselineCoder, baseline_at_rate, codec_at_rate
from litcodec.evaluation.curve_names import Named, curve_names, lmbda_words, with_realism
from litcodec.evaluation.results import Point
from litcodec.frozen import FrozenCodec
from litcodec.measure_image import CodecCoder, Coder
from litcodec.overfitted import curve_of, open_codec
from litcodec.refinement import with_effort

# Qualities of a codec of variable rate: eight points, as the field has eight values of lmbda.
QUALITIES = (1.0, 15.0, 29.0, 43.0, 57.0, 71.0, 85.0, 100.0)


class UnderTest(NamedTuple):
    """One codec at one setting."""

    point: Point  # its names; no scores yet
    coder: Coder


def codecs_under_test(
    paths: Sequence[Path],
    *,
    label: str | None,
    max_pixels: int,
    before: Sequence[Point],
    qualities: Sequence[float] | None = None,
    rates: Sequence[float] = (),
    names: Mapping[Path, str] = MappingProxyType({}),
    device: str = "cpu",
    realism: Sequence[float] = (0.0,),
    effort: int = 0,
) -> list[UnderTest]:
    """Codec files, each with a curve and a setting that no other has; those of variable rate with several.

    Args:
        paths: written by ``litcodec export``, or names of overfitted codecs, see ``open_codec``.
        label: the curve of all of them; by class, number of weights and distortion if not given.
        max_pixels: refuse to decode larger images.
        before: what the results file holds already: a codec keeps the setting it had there, and takes none
            that another file has.
        qualities: 1 to 100, at which codecs of variable rate are measured; None for the usual eight.
        rates: bits per pixel, at which they are measured instead, each image at the quality that has it.
        names: curves of single files, where ``label`` is not given: "litcodec cosine-3".
        device: where they run.
        realism: of the decoder, 0 to 1; each above 0 makes a curve of its own.
        effort: 0 to 9, see ``refinement.with_effort``; above 0 it is part of a curve's name.

    Raises:
        CodecFileError: if a file is missing or damaged, qualities are asked of codecs that have none, or
            realism of one that has no second synthesis beside it.
        ShapeError: if there is no such quality or realism.
        FreezeError: if latents of a codec cannot be refined.
        DeviceError: if there is no such device.
    """
    found = []
    place = find_device(device)
    loaded = {path: open_codec(path).to(place) for path in dict.fromkeys(paths)}
    for path, codec in loaded.items():
        if codec.decoder_only:
            raise CodecFileError(
                f"{path.stem} only decodes: its file has no encoder, so it cannot be evaluated. "
                "litcodec codecs lists the others."
            )
    variable = any(codec.qualities is not None for codec in loaded.values())
    if qualities is not None and loaded and not variable:
        files = ", ".join(path.name for path in loaded)
        raise CodecFileError(
            f"{files}: not of variable rate, so there are no qualities; leave --qualities out."
        )
    others = {path: codec for path, codec in loaded.items() if curve_of(path) is None}
    about_codecs = [
        Named(c.architecture, c.training.distortion, c.fingerprint.hex()) for c in others.values()
    ]
    by_class = dict(zip(others, curve_names(about_codecs, before), strict=True))
    for (path, codec), r in product(loaded.items(), dict.fromkeys(realism)):
        curve = label or names.get(path) or curve_of(path) or by_class[path]
        if effort:
            curve, codec = f"{curve}, effort {effort}", with_effort(codec, effort)
        if r != 0:
            curve, codec = with_realism(curve, r), with_synthesis_beside(codec, path).at_realism(r)
        for rate in dict.fromkeys(rates) if codec.qualities is not None else ():
            names_of = (path.as_posix(), None, codec.decoder)
            coder = codec_at_rate(codec, rate, max_pixels=max_pixels)
            point = Point(curve, "codec", _rate_setting(rate), *names_of, (), (), realism=codec.realism)
            found.append(UnderTest(point, coder))
        if rates and codec.qualities is not None and qualities is None:
            continue
        for setting, at in _rates(codec, path, QUALITIES if qualities is None else qualities):
            about = (path.as_posix(), at.training.lmbda, at.decoder)
            point = Point(curve, "codec", setting, *about, (), (), realism=at.realism)
            found.append(UnderTest(point, CodecCoder(at, max_pixels=max_pixels)))
    settings = _distinct_settings([tested.point for tested in found], before)
    return [c._replace(point=c.point._replace(setting=s)) for c, s in zip(found, settings, strict=True)]


def _rates(codec: FrozenCodec, path: Path, qualities: Sequence[float]) -> list[tuple[str, FrozenCodec]]:
    """A codec's settings, and the codec at each."""
    if codec.qualities is not None:
        return [(f"q {quality:g}", codec.at_quality(quality)) for quality in dict.fromkeys(qualities)]
    lmbda = codec.training.lmbda
    return [(path.stem if lmbda is None else f"lmbda {lmbda_words(lmbda)}", codec)]


def baselines_under_test(baselines: Sequence[Baseline], rates: Sequence[float] = ()) -> list[UnderTest]:
    """Every baseline at each of its qualities, or at each of ``rates``, in bits per pixel.

    A lossless one has its own rate, whatever is wanted.
    """
    lossless = [b for b in baselines if b.key in LOSSLESS_KEYS]
    if rates:
        return baselines_under_test(lossless) + [
            UnderTest(
                Point(b.name, "baseline", _rate_setting(rate), b.source, None, None, (), ()),
                baseline_at_rate(b, rate),
            )
            for b in baselines
            if b not in lossless
            for rate in dict.fromkeys(rates)
        ]
    return [
        UnderTest(
            Point(baseline.name, "baseline", baseline.setting(quality), baseline.source, None, None, (), ()),
            BaselineCoder(baseline, quality),
        )
        for baseline in baselines
        for quality in baseline.qualities
    ]


def _rate_setting(bpp: float) -> str:
    return f"{bpp:g} bpp"


def _distinct_settings(points: Sequence[Point], before: Sequence[Point]) -> list[str]:
    """For every point the one it had before, or the shortest that no other of its curve could have."""
    holders = {(point.curve, point.setting): point for point in before}
    wanted = Counter((point.curve, name) for point in points for name in _settings(point))
    chosen: list[tuple[str, str]] = []
    for point in points:
        names = [(point.curve, name) for name in _settings(point)]
        kept = [n for n, p in holders.items() if _identity(p) == _identity(point)]
        free = [n for n in names if wanted[n] == 1 and holders.get(n, point).source == point.source]
        chosen.append(next(n for n in [*kept, *free, names[-1]] if n not in chosen))
    return [setting for _, setting in chosen]


def _identity(point: Point) -> tuple[str, str | None, float | None, str]:
    # A codec of variable rate has one fingerprint and many lmbdas, or none at a wanted rate.
    rate, _, _ = point.setting.partition(" (")
    return point.curve, point.fingerprint, point.lmbda, rate if rate.endswith(" bpp") else ""


def _settings(point: Point) -> list[str]:
    """Ever longer names; the last is this file's alone."""
    setting, source = point.setting, point.source
    stem = PurePosixPath(source).stem
    short = [setting] if setting == stem else [setting, f"{setting} ({stem})"]
    return [*short, f"{setting} ({source})", f"{setting} ({source}, {point.fingerprint})"]
