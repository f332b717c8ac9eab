"""A string as bytes: the 32-bit words of constriction's range coder, little-endian, and nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager

import constriction
import numpy as np
import numpy.typing as npt

from litcodec.errors import Corrupt


def string_of(encoder: constriction.stream.queue.RangeEncoder) -> bytes:
    """All that ``encoder`` was given, as bytes."""
    words: npt.NDArray[np.uint32] = encoder.get_compressed()
    return words.astype("<u4").tobytes()


class OpenString:
    """A string being read.

    Args:
        data: the string.

    Raises:
        Corrupt: if it has no whole number of words.
    """

    def __init__(self, data: bytes) -> None:
        if len(data) % 4:
            raise Corrupt(f"{len(data)} bytes cannot be a string, which has whole words; get the file again.")
        self.length = len(data)
        self._decoder = constriction.stream.queue.RangeDecoder(np.frombuffer(data, "<u4").astype(np.uint32))

    @contextmanager
    def decoder(self) -> Iterator[constriction.stream.queue.RangeDecoder]:
        """What decodes it.

        Raises:
            Corrupt: if what is decoded inside of ``with`` cannot have been encoded.
        """
        try:
            yield self._decoder
        except AssertionError as error:  # all that constriction raises on bad data, python -O or not
            raise Corrupt(f"a string of {self.length} bytes does not decode; get the file again.") from error

    def finish(self) -> None:
        """Check that the string ends here.

        Raises:
            Corrupt: if it goes on.
        """
        if not self._decoder.maybe_exhausted():
            raise Corrupt(
                f"a string of {self.length} bytes goes on after its last symbol; get the file again."
            )
