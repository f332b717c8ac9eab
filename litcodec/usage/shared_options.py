"""The parser class of the command line, and the options that several commands share."""

import argparse
from typing import NoReturn, TypeAlias

from litcodec.errors import LitcodecError
from litcodec.limits import EFFORT_MAX
from litcodec.usage import values


class CommandParser(argparse.ArgumentParser):
    """Exits with one line where the usage is wrong."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line and leave out the usage."""
        self.exit(2, f"{self.prog}: {LitcodecError(message)}; see {self.prog} --help\n")


Commands: TypeAlias = "argparse._SubParsersAction[CommandParser]"


def add_hidden_anchors(command: argparse.ArgumentParser) -> None:
    """The former name of --baselines."""
    command.add_argument(
        "--anchors", type=values.keys, dest="baselines", default=argparse.SUPPRESS, help=argparse.SUPPRESS
    )


def add_effort(command: argparse.ArgumentParser) -> None:
    """Add ``--effort``."""
    command.add_argument(
        "--effort",
        type=int,
        choices=range(EFFORT_MAX + 1),
        default=0,
        metavar=f"0…{EFFORT_MAX}",
        help="seconds to minutes to encode for fewer bits, of a codec with a hyperprior; "
        "decoding stays as it is (%(default)s)",
    )


def add_device(command: argparse.ArgumentParser) -> None:
    """Add ``--device``."""
    command.add_argument(
        "--device",
        default="cpu",
        metavar="NAME",
        help="where the codec's networks run: cpu, cuda, cuda:1, mps (%(default)s)",
    )


def add_debug(command: argparse.ArgumentParser) -> None:
    """Add what every command takes: ``--plugin`` and ``--debug``."""
    command.add_argument(
        "--plugin",
        action="append",
        default=[],
        metavar="PACKAGE",
        help="a package whose classes codec files and options may name; repeatable (also: LITCODEC_PLUGINS)",
    )
    command.add_argument("--debug", action="store_true", help="show a traceback where something fails")
