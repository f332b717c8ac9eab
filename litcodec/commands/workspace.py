"""``litcodec workspace``: a W&B workspace that opens on rate-distortion curves."""

import sys
from pathlib import Path

from litcodec.dashboard.workspace import NoServer, create, specification
from litcodec.evaluation import atomic_output


def write_workspace(project: str, entity: str | None, spec: Path | None, *, overwrite: bool) -> int:
    """Create the workspace on the server, or write what would be created to a file.

    Args:
        project: of W&B.
        entity: user or team; the API key's own if not given.
        spec: the file; if not given, the server is asked, and the file is written only if there is none.

        overwrite: replace the file if it is there.

    Returns:
        0, or 1 if there is no server.

    Raises:
        OutputExists: if the file is there and ``overwrite`` is not set.
    """
    reason = None
    if spec is None:
        try:
            print(create(project, entity))
            return 0
        except NoServer as error:
            reason = str(error)
    path = spec or Path(f"workspace-{project}.json")
    with atomic_output(path, overwrite=overwrite) as file:
        file.write(specification(entity or "", project))
    if reason is None:
        print(path)
        return 0
    print(f"litcodec: no workspace was created: {reason}. What it would be is in {path}.", file=sys.stderr)
    return 1
