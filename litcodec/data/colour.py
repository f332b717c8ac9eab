"""Converts colours to sRGB: by an ICC profile's content, by code points (H.273), by a PNG's gamma.

High dynamic range (PQ, HLG) is refused: how it is to be tone-mapped is a choice that a codec should not make.
"""

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

from litcodec.data.colour_tags import Cicp, ColourTags
from litcodec.errors import UnreadableImage

_AS_STORED = 2  # levels of 255: a profile or a matrix that moves colours by no more than this is sRGB's
_HDR = {16: "PQ", 18: "HLG"}
_SRGB = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
# x, y of white, red, green, blue by H.273's table 2; 2 is "unspecified".
_PRIMARIES = {
    1: _SRGB,
    2: _SRGB,
    4: (0.310, 0.316, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08),
    5: (0.3127, 0.3290, 0.64, 0.33, 0.29, 0.60, 0.15, 0.06),
    6: (0.3127, 0.3290, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    7: (0.3127, 0.3290, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    9: (0.3127, 0.3290, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    11: (0.314, 0.351, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
    12: (0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
    22: (0.3127, 0.3290, 0.630, 0.340, 0.295, 0.605, 0.155, 0.077),
}
# Exponent that decodes; None is sRGB's curve, also for those of video (1, 6, 14, 15), as viewers do.
_EXPONENTS = {1: None, 2: None, 4: 2.2, 5: 2.8, 6: None, 8: 1.0, 13: None, 14: None, 15: None}
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_STRIP = 2**20  # pixels converted at a time


def to_srgb(image: Image.Image, tags: ColourTags, *, name: str) -> Image.Image:
    """Convert an image to mode RGB in sRGB by what its file says.

    Args:
        image: without transparency.
        tags: code points count before a profile, a profile before a gamma; with neither, the pixels are taken
            as stored. A profile that does not fit the pixels is ignored.
        name: what to call the image in an error.

    Raises:
        UnreadableImage: high dynamic range, or code points of unknown meaning.
    """
    if tags.cicp is not None:
        return _from_code_points(_as_rgb(image), tags.cicp, name)
    if tags.icc:
        return _from_profile(image, tags.icc, name)
    if tags.gamma is not None and 0.1 <= tags.gamma <= 10:
        exponent = None if abs(tags.gamma - 0.45455) < 0.01 else 1 / tags.gamma
        return _converted(_as_rgb(image), tags.chromaticities or _SRGB, exponent)
    return _as_rgb(image)


def is_usable(profile: bytes) -> bool:
    """Whether a profile describes RGB, grey or CMYK pixels."""
    return _profile_mode(profile) != ""


def _as_rgb(image: Image.Image) -> Image.Image:
    return image if image.mode == "RGB" else image.convert("RGB")


def _from_code_points(image: Image.Image, cicp: Cicp, name: str) -> Image.Image:
    if cicp.transfer in _HDR:
        raise _high_dynamic_range(name, _HDR[cicp.transfer])
    if cicp.transfer not in _EXPONENTS or cicp.primaries not in _PRIMARIES or not cicp.full_range:
        raise UnreadableImage(
            f"{name}: colours of H.273 primaries {cicp.primaries}, transfer {cicp.transfer},"
            f" {'full' if cicp.full_range else 'narrow'} range are not read. Convert it to sRGB."
        )
    return _converted(image, _PRIMARIES[cicp.primaries], _EXPONENTS[cicp.transfer])


def _high_dynamic_range(name: str, curve: str) -> UnreadableImage:
    return UnreadableImage(f"{name}: high dynamic range ({curve}). Tone-map it to sRGB first.")


def _converted(image: Image.Image, chromaticities: tuple[float, ...], exponent: float | None) -> Image.Image:
    """From primaries and a power curve (None: sRGB's) to sRGB."""
    matrix = _matrix(chromaticities)
    if matrix is None or (exponent is None and np.abs(matrix - np.eye(3)).max() < 1e-3):
        return image
    levels = np.arange(256) / 255
    curve = _srgb_decoded(levels) if exponent is None else levels**exponent
    pixels = np.array(image)
    rows = max(1, _STRIP // pixels.shape[1])
    for top in range(0, pixels.shape[0], rows):
        strip = pixels[top : top + rows]
        light = curve.astype(np.float32)[strip] @ matrix.T.astype(np.float32)
        strip[:] = np.rint(255 * _srgb_encoded(light.clip(0, 1)))
    return Image.fromarray(pixels)


def _srgb_decoded(v: np.ndarray) -> np.ndarray:
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def _srgb_encoded(light: np.ndarray) -> np.ndarray:
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def _matrix(chromaticities: tuple[float, ...]) -> np.ndarray | None:
    """Linear RGB of some primaries to that of sRGB, white to white; None if they span no colour space."""
    source, target = _to_xyz(chromaticities), _to_xyz(_SRGB)
    if source is None or target is None:
        return None
    cones = (_BRADFORD @ target.sum(axis=1)) / (_BRADFORD @ source.sum(axis=1))
    adapted = np.linalg.inv(_BRADFORD) @ np.diag(cones) @ _BRADFORD
    matrix: np.ndarray = np.linalg.inv(target) @ adapted @ source
    return matrix if np.isfinite(matrix).all() else None


def _to_xyz(chromaticities: tuple[float, ...]) -> np.ndarray | None:
    xy = np.array(chromaticities).reshape(4, 2)
    if xy.min() < 0 or xy.max() > 1 or xy[:, 1].min() < 0.001:
        return None
    xyz = np.stack([xy[:, 0], xy[:, 1], 1 - xy.sum(axis=1)]) / xy[:, 1]
    if abs(np.linalg.det(xyz[:, 1:])) < 1e-3:
        return None
    scaled: np.ndarray = xyz[:, 1:] * np.linalg.solve(xyz[:, 1:], xyz[:, 0])
    return scaled


def _from_profile(image: Image.Image, profile: bytes, name: str) -> Image.Image:
    curve = _HDR.get(_transfer_of(profile))
    if curve is not None:
        raise _high_dynamic_range(name, curve)
    mode = _profile_mode(profile)
    fits = mode and (image.mode == "CMYK") == (mode == "CMYK") and not (image.mode == "RGB" and mode == "L")
    transform = _transform(profile, mode) if fits else None
    if transform is None:
        return _as_rgb(image)
    # Image.convert gives a copy, so that the caller's image is never touched.
    converted = ImageCms.applyTransform(image.convert(mode), transform)
    return _as_rgb(image) if converted is None else converted


def _transfer_of(profile: bytes) -> int:
    """The transfer characteristics in the cicp tag of an ICC profile; 2, unspecified, without one."""
    count = int.from_bytes(profile[128:132], "big")
    for at in range(132, 132 + 12 * min(count, 100), 12):
        if profile[at : at + 4] == b"cicp":
            begin = int.from_bytes(profile[at + 4 : at + 8], "big")
            return (profile[begin + 9 : begin + 10] or b"\2")[0]
    return 2


@lru_cache(maxsize=4)
def _profile_mode(profile: bytes) -> str:
    """The mode of the pixels that a profile describes; empty if it describes none that are read."""
    try:
        space = ImageCms.getOpenProfile(io.BytesIO(profile)).profile.xcolor_space.strip()
        return {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}.get(space, "")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return ""


@lru_cache(maxsize=4)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Profile to sRGB, relative colorimetric; None if it moves no colour or cannot be used."""
    try:
        transform = ImageCms.buildTransform(
            ImageCms.getOpenProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            mode,
            "RGB",
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        )
        if mode == "CMYK":
            return transform
        levels = np.arange(0, 256, 15, dtype=np.uint8)
        grid = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(1, -1, 3)
        probe = Image.fromarray(grid) if mode == "RGB" else Image.fromarray(levels[None])
        moved = ImageCms.applyTransform(probe, transform)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
    if moved is None:
        return transform
    difference = np.asarray(moved).astype(int) - np.asarray(probe.convert("RGB"))
    return transform if np.abs(difference).max() > _AS_STORED else None
