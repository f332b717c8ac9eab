"""Names the curves of codecs."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch

from litcodec.architecture import Architecture, usual_arguments
from litcodec.codec_files import build_codec
from litcodec.evaluation.results import Point

# By a hybrid's scale, and whether it chooses.
_SIZES_CODED: dict[tuple[Any, Any], str] = {
    (1, False): "",
    (2, False): " at half size",
    (2, True): " at half or native size",
}
_OBJECTIVES = {"mse": "MSE", "ms-ssim": "MS-SSIM"}


class Named(NamedTuple):
    """What a codec's name is made of."""

    architecture: Architecture
    distortion: str | None  # that it was trained for
    fingerprint: str  # hexadecimal


def curve_name(architecture: Architecture, distortion: str | None, parameters: int) -> str:
    """What codecs that differ in lambda alone share: "MeanScaleHyperprior (17.6M), MSE".

    Of a hybrid both parts: "MeanScaleHyperprior + GRDN at half size (7.2M), MSE".

    Args:
        architecture: of the codec.
        distortion: that it was trained for; None leaves it out.
        parameters: how many weights are trained, by which codecs of one class and several sizes differ.
    """
    words = f"{_title(architecture)} ({_count(parameters)}){_range(architecture)}"
    return words if distortion is None else f"{words}, {_OBJECTIVES.get(distortion, distortion)}"


def curve_names(codecs: Sequence[Named], before: Sequence[Point] = ()) -> list[str]:
    """One name for each codec; those of different architectures or objectives have different names.

    Args:
        codecs: the codecs.
        before: points of a results file, whose codecs keep the names with all arguments that litcodec gave
            them earlier.
    """
    held = {(point.curve, point.fingerprint) for point in before}
    found = []
    for codec in codecs:
        short = curve_name(codec.architecture, codec.distortion, parameters_of(codec.architecture))
        long = long_name(codec)
        alike = {
            long_name(each)
            for each in codecs
            if curve_name(each.architecture, each.distortion, parameters_of(each.architecture)) == short
        }
        found.append(long if len(alike) > 1 or (long, codec.fingerprint) in held else short)
    return found


def long_name(codec: Named) -> str:
    """With all arguments: "MeanScaleHyperprior N=128 M=192, MSE"."""
    words = architecture_words(codec.architecture)
    return words if codec.distortion is None else f"{words}, {codec.distortion.upper()}"


def parameters_of(architecture: Architecture) -> int:
    """How many weights of a codec are trained."""
    with torch.device("meta"):
        return sum(each.numel() for each in build_codec(architecture._asdict()).parameters())


def architecture_words(architecture: Architecture, *, is_codec: bool = True) -> str:
    """A class, its sizes and unusual words, and its parts: "MeanScaleHyperprior N=8 M=12 + GRDN C=16"."""
    init_args, usual = architecture.init_args, usual_arguments(architecture.class_path)
    parts = " + ".join(
        architecture_words(part, is_codec=key == "inner") for key, part in _parts(init_args).items()
    )
    if "lmbda_min" in init_args:
        return (
            f"{parts} at lmbda {lmbda_words(init_args['lmbda_min'])} to {lmbda_words(init_args['lmbda_max'])}"
        )
    if "native" in init_args:
        return parts + _size_coded(init_args)
    plain = [(key, value) for key, value in init_args.items() if not isinstance(value, dict)]
    shown = [
        f"{key}={value}"
        for k, (key, value) in enumerate(plain)
        if (type(value) is int if is_codec else k == 0) or (usual.get(key) != value and key != "scale")
    ]
    return " ".join([architecture.name, *shown, *([f"({parts})"] if parts else [])])


def with_realism(name: str, realism: float) -> str:
    """The name of a curve or setting at a realism: "litcodec cosine-3, realism 0.5"."""
    return f"{name}{_realism_words(realism)}"


def without_realism(curve: str, realism: float) -> str:
    """The name of the codec's curve without realism, of a point's."""
    return curve.removesuffix(_realism_words(realism))


def _realism_words(realism: float) -> str:
    return f", realism {realism:g}" if realism else ""


def lmbda_words(value: Any) -> str:
    """As the field writes it: 0.0130, 8.73; all digits where four are too few."""
    usual = f"{value:.4f}" if value < 1 else f"{value:.2f}"
    return usual if float(usual) == value else repr(value)


def _title(architecture: Architecture) -> str:
    """The class, the words among its arguments that are unusual, and its parts."""
    init_args, usual = architecture.init_args, usual_arguments(architecture.class_path)
    parts = " + ".join(map(_title, _parts(init_args).values()))
    if "lmbda_min" in init_args:
        return parts
    if "native" in init_args:
        return parts + _size_coded(init_args)
    variants = [f"{value} {key}" for key, value in init_args.items() if _is_variant(value, usual.get(key))]
    return ", ".join([" with ".join(filter(None, [architecture.name, parts])), *variants])


def _is_variant(value: object, usual: object) -> bool:
    return isinstance(value, str) and value != usual


def _range(architecture: Architecture) -> str:
    init_args = architecture.init_args
    if "lmbda_min" not in init_args:
        return ""
    return f", lmbda {init_args['lmbda_min']:g} to {init_args['lmbda_max']:g}"


def _size_coded(init_args: Mapping[str, Any]) -> str:
    return _SIZES_CODED.get((init_args.get("scale"), init_args["native"]), "")


def _parts(init_args: Mapping[str, Any]) -> dict[str, Architecture]:
    return {
        key: Architecture(value["class_path"], value["init_args"])
        for key, value in init_args.items()
        if isinstance(value, dict)
    }


def _count(parameters: int) -> str:
    if parameters < 1e6:
        return f"{parameters / 1e3:.0f}k" if parameters >= 1e3 else str(parameters)
    return f"{parameters / 1e6:.1f}M"
