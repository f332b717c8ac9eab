"""The parser class of the command line, and the options that several commands share."""

import argparse
import re
from typing import Any, NoReturn, TypeAlias

from litcodec.configuration.sentences import meant, nearest
from litcodec.errors import LitcodecError
from litcodec.limits import EFFORT_MAX
from litcodec.usage import values

_COMMAND = re.compile(r"argument COMMAND: invalid choice: '(?P<name>.*)' \(choose from (?P<known>.*)\)")


class CommandParser(argparse.ArgumentParser):
    """Exits with one line where the usage is wrong."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """No option is left over for the parser above, which does not know what was perhaps meant."""
        found, others = super().parse_known_args(args, namespace)
        if others:
            known = [word for action in self._actions for word in action.option_strings]
            self.error(f"unrecognized arguments: {' '.join(others)}{meant(others[0], known)}".rstrip("."))
        return found, others

    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line and leave out the usage."""
        if wrong := _COMMAND.match(message):
            names = re.findall(r"'([\w-]+)'", wrong["known"])
            near = nearest(wrong["name"], names)
            message = f"there is no command {wrong['name']}. " + (
                f"Did you mean {near}?" if near else f"There are {', '.join(names)}"
            )
        see = " See" if message.endswith("?") else "; see"
        self.exit(2, f"{self.prog}: {LitcodecError(message)}{see} {self.prog} --help\n")


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
        help="allow classes of this package in codec files and options; repeatable (also: LITCODEC_PLUGINS)",
    )
    command.add_argument("--debug", action="store_true", help="show a traceback where something fails")
