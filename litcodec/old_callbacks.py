"""``callbacks.X`` of configurations written before the callbacks became ``litcodec.callbacks``."""

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


class _OldName(MetaPathFinder, Loader):
    """Finds ``callbacks`` and its modules where nobody else's package has that name."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Asked last, after the user's own packages."""
        return ModuleSpec(fullname, self) if fullname.partition(".")[0] == "callbacks" else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module itself, not a copy: its classes are the same under both names."""
        return importlib.import_module(f"litcodec.{spec.name}")

    def exec_module(self, module: ModuleType) -> None:
        """Nothing: it has run already."""


def accept_old_callback_paths() -> None:
    """Let ``class_path: callbacks.RDPoints`` mean ``litcodec.callbacks.RDPoints``."""
    if not any(isinstance(finder, _OldName) for finder in sys.meta_path):
        sys.meta_path.append(_OldName())
