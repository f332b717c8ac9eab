"""The parts of litdata that are used: its writer, its downloaders and its cache folder.

Every other module imports litdata through this one. Shards are never *read* through litdata: there the index
chooses the deserialiser, and pickle is among them.
"""

import os

# litdata may ask the package index whether a newer version exists; nothing here should touch the network on
# its own. Read when litdata is imported, hence set first.
os.environ.setdefault("LITDATA_DISABLE_VERSION_CHECK", "1")

from litdata import optimize
from litdata.streaming.downloader import Downloader, get_downloader
from litdata.utilities.dataset_utilities import get_default_cache_dir

__all__ = ["Downloader", "get_default_cache_dir", "get_downloader", "optimize"]
