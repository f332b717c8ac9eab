"""``litcodec fit --help GROUP``: one group of the hundreds of options that the parser knows."""

import re

DATAMODULES = ("litcodec.data.FolderDataModule", "litcodec.data.StreamDataModule", "litcodec.data.OneImage")
_OPTION = re.compile(r"  (-\w, )?--(?P<key>[\w.+]+)")


def group_of(text: str, group: str) -> str:
    """Of a parser's help, the options ``--GROUP`` and ``--GROUP.…`` with what is said of them."""
    found: list[str] = []
    wanted = False
    for line in text.splitlines():
        option = _OPTION.match(line)
        if option is not None:
            wanted = option["key"].split(".")[0] == group
        elif line and not line.startswith("   "):
            wanted = False
        if wanted and line:
            found.append(line)
    return "\n".join(found) + "\n"
