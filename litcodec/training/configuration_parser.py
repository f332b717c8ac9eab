"""The parser of a run's configuration: how it reads and how it says what is wrong."""

import re
import sys
from typing import Any, NoReturn

from jsonargparse import Namespace
from lightning.pytorch.cli import LightningArgumentParser

from litcodec.configuration import SEE_HELP
from litcodec.errors import LitcodecError
from litcodec.training.module_class import flat_model
from litcodec.training.wrong_keys import explained

# Interpolation sees values from every config file and from the command line. No key is the beginning of
# another: a singular would be taken for its plural.
PARSER = {"parser_mode": "omegaconf+", "allow_abbrev": False}
# Keys of earlier versions -> what to write.
RENAMED = {
    "distortion": "model.objective, such as litcodec.objectives.mse, .ms_ssim or .mixed",
}


class ConfigurationParser(LightningArgumentParser):
    """Lightning's parser, with errors of one line."""

    def parse_string(self, content: str, *args: Any, **kwargs: Any) -> Namespace:
        """Take ``model.init_args`` as Lightning's users write it."""
        parsed: Namespace = super().parse_string(flat_model(content), *args, **kwargs)
        return parsed

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Say what is wrong with a configuration and leave out the hundred lines of usage."""
        if not self.exit_on_error:
            super().error(message, ex)
        for key, now in RENAMED.items():
            if re.search(rf"\bmodel\.{key}\b|'{key}'", message):
                message = f"model.{key} is no longer there: write {now}."
        line = LitcodecError(explained(self, message))
        sys.stderr.write(f"litcodec: {line}\nlitcodec: {SEE_HELP}\n")
        sys.exit(2)
