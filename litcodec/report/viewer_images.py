"""Images for the viewer: a few, as every codec decodes them, at about equal rates."""

import base64
import io
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import torch
from PIL import Image
from torch import Tensor

from litcodec.device import find_device
from litcodec.errors import LitcodecError
from litcodec.evaluation.merging import Measured
from litcodec.evaluation.results import Score
from litcodec.limits import MAX_PIXELS
from litcodec.report.bits_maps import bits_colours, bits_scale
from litcodec.report.data import Level, Version, ViewerImage
from litcodec.report.decoding import Decoders, Source, read_original
from litcodec.report.levels import nearest, shared, targets
from litcodec.report.numbers import finite

MAX_SIDE = 1024  # pixels that are shown of an image: a page has to open
WEBP_METHOD, WEBP_EFFORT = 2, 20  # more takes three times as long for 3 % less


class Gallery(NamedTuple):
    """Images, and in words what is missing from them."""

    images: tuple[ViewerImage, ...]
    notes: tuple[str, ...]


class Kept(NamedTuple):
    """An image as one codec made it at one setting, as a file that is there."""

    measured: Measured
    score: Score


class Decoded(NamedTuple):
    """What a kept file holds."""

    kept: Kept
    pixels: Tensor  # uint8 (3, H, W)
    bits: Tensor | None  # (H, W), bits per pixel


def gallery(
    measured: Sequence[Measured],
    sources: Sequence[Source],
    *,
    count: int,
    max_pixels: int = MAX_PIXELS,
    device: str = "cpu",
    progress: Callable[[float], None] = lambda share: None,
) -> Gallery:
    """The first images by name, with a version of every codec whose files were kept, at up to three rates.

    Large images are cut at their middle to ``MAX_SIDE``, never resampled.

    Args:
        measured: merged points; codecs first.
        sources: what they were merged from.
        count: how many images.
        max_pixels: larger ones are left out, in words.
        device: where learned codecs decode.
        progress: called with the fraction that is done.
    """
    names = {score.sha256: score.image for entry in measured for score in entry.point.scores}
    chosen = sorted(names, key=lambda sha256: (names[sha256], sha256))[:count]
    if not chosen:
        return Gallery((), ())
    maker = _Maker(sources, max_pixels, find_device(device))
    images = []
    for k, sha256 in enumerate(chosen):
        curves = maker.kept(measured, sha256)
        try:
            if curves:
                images.append(maker.image(curves, partial(_tell, progress, k, len(chosen))))
        except LitcodecError as error:
            maker.note(f"The viewer is without {names[sha256]}: {error}")
        progress((k + 1) / len(chosen))
    return Gallery(tuple(images), maker.notes)


def _tell(progress: Callable[[float], None], done: int, count: int, share: float) -> None:
    progress((done + share) / count)


class _Maker:
    def __init__(self, sources: Sequence[Source], max_pixels: int, device: torch.device) -> None:
        self.sources = sources
        self.max_pixels = max_pixels
        self.decoders = Decoders(max_pixels=max_pixels, device=device)
        self._notes: list[str] = []
        self._not_kept: dict[str, None] = {}  # curves, in order

    @property
    def notes(self) -> tuple[str, ...]:
        """What the viewer lacks; one line for all curves without files."""
        names = list(self._not_kept)
        if not names:
            return tuple(self._notes)
        which = names[0] if len(names) == 1 else f"{len(names)} curves, {names[0]} to {names[-1]}"
        whose = "its" if len(names) == 1 else "their"
        return (f"The viewer is without {which}: {whose} files were not kept.", *self._notes)

    def note(self, words: str) -> None:
        if words not in self._notes:
            self._notes.append(words)

    def kept(self, measured: Sequence[Measured], sha256: str) -> list[list[Kept]]:
        """The files of one image, by curve."""
        curves: dict[str, list[Kept]] = {}
        for entry in measured:
            for score in entry.point.scores:
                if score.sha256 != sha256:
                    continue
                path = self.sources[entry.origin].folder / score.file
                if not score.file:
                    self._not_kept[entry.curve] = None
                elif not path.is_file():
                    self.note(f"The viewer is without {entry.curve}, {entry.point.setting}: no file {path}.")
                else:
                    curves.setdefault(entry.curve, []).append(Kept(entry, score))
        return list(curves.values())

    def image(self, curves: Sequence[Sequence[Kept]], progress: Callable[[float], None]) -> ViewerImage:
        """One image with its versions.

        Raises:
            LitcodecError: if the original cannot be read, or has changed.
        """
        first = curves[0][0]
        x = read_original(first.score, self.sources[first.measured.origin], max_pixels=self.max_pixels)
        name, (H, W) = first.score.image, x.shape[1:]
        sizes = [[kept.score.bytes for kept in curve] for curve in curves]
        if not shared(sizes):
            self.note(f"No rate of {name} is within all codecs' ranges: the viewer's differ more than usual.")
        if max(H, W) > MAX_SIDE:
            self.note(f"The viewer shows the middle of {name}, {W}x{H}, cut to {MAX_SIDE} pixels a side.")
        wanted = targets(sizes)
        versions: list[Version] = []
        for k, target in enumerate(wanted):
            chosen = [kept for curve in curves for kept in _nearest(curve, target.bytes)]
            decoded: list[Decoded] = []
            for j, version in enumerate(self._decoded(chosen, x)):
                decoded.append(version)
                progress((k + (j + 1) / len(chosen)) / len(wanted))
            versions += _versions(target.level, decoded)
        shown = _middle(x)
        return ViewerImage(name, shown.shape[2], shown.shape[1], _data_uri(shown), tuple(versions))

    def _decoded(self, chosen: Sequence[Kept], x: Tensor) -> Iterator[Decoded]:
        for kept in chosen:
            entry, score = kept
            source = self.sources[entry.origin]
            try:
                pixels = self.decoders.decode(entry.point, score, source)
                bits = self.decoders.bits(entry.point, x, score, source)
            except LitcodecError as error:
                where = f"{entry.curve}, {entry.point.setting}, {score.image}"
                self.note(f"The viewer is without {where}: {error}")
            else:
                yield Decoded(kept, pixels, bits)


def _nearest(curve: Sequence[Kept], size: float) -> list[Kept]:
    """The file of a curve that is nearest in size, and those of just its size: decoded otherwise, perhaps."""
    first = curve[nearest([kept.score.bytes for kept in curve], size)]
    others = [kept for kept in curve if kept.score.bytes == first.score.bytes and kept is not first]
    return [first, *others]


def _versions(level: Level, decoded: Sequence[Decoded]) -> Iterator[Version]:
    """All codecs' versions at one level; their maps of bits on one scale, so that the colours compare."""
    largest = max((float(each.bits.max()) for each in decoded if each.bits is not None), default=0.0)
    scale = bits_scale(largest)
    count = Counter(each.kept.measured.curve for each in decoded)
    for (entry, score), pixels, bits in decoded:
        yield Version(
            curve=entry.curve,
            setting=entry.point.setting,
            level=level,
            bytes=score.bytes,
            bpp=score.bpp,
            scores={name: finite(value) for name, value in score.values.items()},
            decoded=_data_uri(_middle(pixels)),
            bits=None if bits is None else _data_uri(_middle(bits_colours(bits, scale))),
            bits_scale=None if bits is None else scale,
            title=f"{entry.curve}, {entry.point.setting}" if count[entry.curve] > 1 else entry.curve,
        )


def _middle(x: Tensor) -> Tensor:
    H, W = x.shape[1:]
    top, left = max(0, H - MAX_SIDE) // 2, max(0, W - MAX_SIDE) // 2
    return x[:, top : top + MAX_SIDE, left : left + MAX_SIDE]


def _data_uri(x: Tensor) -> str:
    """An image, uint8 (3, H, W), as lossless WebP within an address."""
    file = io.BytesIO()
    image = Image.fromarray(x.permute(1, 2, 0).contiguous().numpy())
    image.save(file, "WEBP", lossless=True, method=WEBP_METHOD, quality=WEBP_EFFORT)
    return f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"
