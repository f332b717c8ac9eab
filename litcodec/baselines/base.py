"""The interface of every baseline codec: encode and decode at a quality."""

from typing import NamedTuple, Protocol

from torch import Tensor


class Baseline(Protocol):
    """A classic codec. Stateless: constructing one checks that its library or program is there.

    Constructors raise ``BaselineMissing`` if it is not, with the command that installs it.
    """

    @property
    def name(self) -> str:
        """The curve's name: "JPEG", "HEVC intra 4:4:4"."""

    @property
    def key(self) -> str:
        """How the command line calls it: "jpeg"."""

    @property
    def suffix(self) -> str:
        """Of its files: ".jpg"."""

    @property
    def source(self) -> str:
        """Its library and version: "Pillow 12.1, libjpeg-turbo 3.1"."""

    @property
    def qualities(self) -> tuple[float, ...]:
        """Settings that cover about 0.1 to 2 bits per pixel on photographs, by rising rate."""

    def setting(self, quality: float) -> str:
        """One of ``qualities`` in words: "quality 40"."""

    def compress(self, x: Tensor, quality: float) -> bytes:
        """A complete file of its format.

        Args:
            x: (3, H, W), uint8 RGB.
            quality: one of ``qualities``, or another of the same kind.

        Raises:
            BaselineFailed: if the library or the program fails; with its own words.
        """

    def decompress(self, data: bytes) -> Tensor:
        """The image of a file made by ``compress``, (3, H, W), uint8 RGB.

        Raises:
            BaselineFailed: if the library or the program fails.
        """


class Baselines(NamedTuple):
    """What was asked for, as far as it is installed."""

    found: tuple[Baseline, ...]
    missing: tuple[str, ...]  # "jxl: pip install pillow-jxl-plugin", one line each
