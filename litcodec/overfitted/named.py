"""Overfitted codecs by name, where a codec file may be given: ``overfit``, ``overfit:mop:2000it``."""

import re
from pathlib import Path

from litcodec.codec_files import load_codec
from litcodec.errors import OptionError
from litcodec.frozen import FrozenCodec
from litcodec.overfitted.codec import FrozenOverfitted
from litcodec.overfitted.presets import PRESETS, preset_named
from litcodec.overfitted.trainer import MINUTES, Settings

NAME = "overfit"
_LENGTH = re.compile(r"(?P<minutes>\d+(\.\d+)?)min|(?P<iterations>\d+)it")


def open_codec(named: Path) -> FrozenCodec:
    """The codec that a file holds, or an overfitted codec by its name, on the CPU.

    Raises:
        CodecFileError: as ``load_codec`` does.
        OptionError: if a name has no such preset or length.
    """
    settings = settings_named(named)
    return load_codec(named) if settings is None else FrozenOverfitted(settings)


def settings_named(named: Path) -> Settings | None:
    """How the codec of a name fits; None if it is a file's name.

    Raises:
        OptionError: if it has no such preset or length.
    """
    word, *about = str(named).split(":")
    if word != NAME or named.exists():
        return None
    preset, length, *more = (*about, "", "") if len(about) < 2 else about
    found = _LENGTH.fullmatch(length or f"{MINUTES:g}min")
    if found is None or any(more):
        raise OptionError(
            f"{named}: an overfitted codec is {NAME}:PRESET:LENGTH, such as {NAME}:lop:5min or "
            f"{NAME}:mop:2000it, PRESET one of {', '.join(PRESETS)}."
        )
    preset = preset or Settings().preset
    preset_named(preset)
    if found["iterations"]:
        return Settings(preset, iterations=int(found["iterations"]))
    return Settings(preset, minutes=float(found["minutes"]))


def curve_of(named: Path) -> str | None:
    """What the curve of a named codec is called; None if it is a file's name."""
    settings = settings_named(named)
    if settings is None:
        return None
    length = (
        f"{settings.minutes:g} min" if settings.iterations is None else f"{settings.iterations:,} iterations"
    )
    return f"overfitted {settings.preset}, {length}"
