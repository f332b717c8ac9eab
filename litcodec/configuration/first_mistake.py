"""Finds the first mistake of a configuration and describes it in one sentence."""

from collections.abc import Sequence

from litcodec.configuration.given import read_given
from litcodec.configuration.misspelt_keys import misspelt_key
from litcodec.configuration.sentences import Mistake
from litcodec.configuration.sources import forget
from litcodec.configuration.wrong_values import check_values
from litcodec.import_path import search_current_folder

SEE_HELP = "see litcodec fit --help, or add --print_config"


def first_mistake(arguments: Sequence[str]) -> str | None:
    """What is wrong with a command line after ``fit`` and the like, and with its ``--config`` files.

    Returns:
        A sentence that names the key, the value and what can be written instead; None where nothing is
        certainly wrong.
    """
    search_current_folder()
    forget()
    try:
        given = read_given(arguments)
        if wrong := misspelt_key(arguments):
            return wrong
        check_values(given)
    except Mistake as mistake:
        return str(mistake)
    except (OverflowError, RecursionError):
        pass  # the parser comes to the same value, and has words for it
    return None
