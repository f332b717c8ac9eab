"""Checks a run's configuration as text: certain mistakes are reported before anything heavy is imported.

Importing PyTorch and Lightning takes five seconds. ``first_mistake`` reads files, options and the sources of
the classes they name; whatever it is not certain of is left to the parser, which uses the same words.
"""

from litcodec.configuration.first_mistake import SEE_HELP, first_mistake

__all__ = ["SEE_HELP", "first_mistake"]
