"""``litcodec prepare``: photographs become shards that stream."""

import sys
from pathlib import Path

from litcodec.data import prepare
from litcodec.evaluation import refuse_inputs


def prepare_shards(source: Path, output: str, *, tile_size: int, min_size: int, num_workers: int) -> int:
    """Cut and store, then say what was done and what was passed over."""
    if "://" not in output:
        refuse_inputs(Path(output), [source])
    report = prepare(source, output, tile_size=tile_size, min_size=min_size, num_workers=num_workers)
    for skipped in report.skipped:
        print(f"litcodec: skipped {skipped.name}: {skipped.reason}", file=sys.stderr)
    print(
        f"{output}: {report.tiles:,} tiles of {report.photographs:,} photographs, "
        f"{report.bytes / 1e6:.1f} MB; {len(report.skipped)} skipped"
    )
    return 0
