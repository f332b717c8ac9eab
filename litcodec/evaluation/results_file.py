"""Results as a JSON file. Every key is explained in ``SCHEMA.md``.

Whatever the file holds, ``read_results`` gives ``Results`` whose values are typed and in range, or one
``ResultsError``.
"""

import json
from pathlib import Path

from litcodec.errors import ResultsError
from litcodec.evaluation.json_records import RecordReader, plain, read_object, short
from litcodec.evaluation.outputs import atomic_output
from litcodec.evaluation.results import SCHEMA_VERSION, Results
from litcodec.evaluation.schema1 import from_schema_1
from litcodec.evaluation.texts import is_utf_8

FORMAT = "litcodec-results"
MOST_OF_METRICS = 1e12  # a metric's highest value, and its lowest below 0
# What a number may be, by its key: lowest and highest. Far beyond what any evaluation writes.
_RANGES: dict[str, tuple[float, float]] = {
    "bpp": (1e-9, 1e6),
    "width": (1, 2**24),
    "height": (1, 2**24),
    "bytes": (1, 2**40),
    "encode_s": (0, 1e9),
    "decode_s": (0, 1e9),
    "lmbda": (0, 1e12),
    "cores": (0, 2**20),
    "threads": (0, 2**20),
    "digits": (0, 15),
    "realism": (0, 1),
    "images": (1, 2**40),  # of a divergence
    "patches": (1, 2**40),
    **dict.fromkeys(("value", "low", "high", "floor"), (-MOST_OF_METRICS, MOST_OF_METRICS)),
    "values": (-MOST_OF_METRICS, MOST_OF_METRICS),
}


def write_results(path: Path, results: Results) -> None:
    """Write a results file, whole or not at all, replacing what was at ``path``.

    Raises:
        OutputExists: if ``path`` is a folder.
        ResultsError: if a name in the results is not UTF-8.
    """
    found = {"format": FORMAT, "version": SCHEMA_VERSION, **plain(results)}
    text = json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False)
    if not is_utf_8(text):
        raise ResultsError(f"{path} cannot hold names that are not UTF-8: rename what has them.")
    with atomic_output(path, overwrite=True) as file:
        file.write(text.encode() + b"\n")


def read_results(path: Path) -> Results:
    """Read a results file, of this schema or an older one: just what was written, inf and nan included.

    Raises:
        ResultsError: if the file is missing, damaged, not ours or of an unknown version; names the key.
    """
    found = read_object(path, FORMAT, "a results file of litcodec evaluate")
    version = found.get("version")
    if type(version) is not int or version not in (1, SCHEMA_VERSION):
        raise ResultsError(
            f"{path} has results version {short(version)}; this litcodec reads versions 1 and "
            f"{SCHEMA_VERSION}. Make a new one with: litcodec evaluate --force."
        )
    reader = RecordReader(path, _RANGES, "Make a new one with: litcodec evaluate --force.")
    if version == 1:
        found = from_schema_1(found, reader.damaged)
    results: Results = reader.record(Results, found, "")
    return results
