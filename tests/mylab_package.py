"""A throw-away package ``mylab`` outside the repository: the example of the docs, and one more codec."""

import shutil
from pathlib import Path

EXAMPLE = Path(__file__).parent.parent / "docs" / "examples" / "mylab"
CODEC = '''
from litcodec.codecs import FactorizedPrior


class Plain(FactorizedPrior):
    """Another class than any of litcodec's."""
'''


def write_mylab(folder: Path) -> Path:
    """Write the package below ``folder``; returns ``folder``, which is to be on the path."""
    package = shutil.copytree(EXAMPLE, folder / "mylab", ignore=shutil.ignore_patterns("__pycache__"))
    (package / "plain.py").write_text(CODEC)
    return folder
