"""Comes first in `PYTHONPATH` of tasks that share a GPU: has `kpl_share_hook` called when `torch` is imported.

Python runs it at every start, so it is short: compiling it takes longest where there is no bytecode. It must never
break a program, and it runs the `sitecustomize` that it hides.
"""

import sys


class TorchFinder:
    @staticmethod
    def find_spec(name, path=None, target=None):  # type: ignore[no-untyped-def] # typing costs time
        if name == "torch":
            import kpl_share_hook  # type: ignore[import-not-found] # beside this file

            return kpl_share_hook.find_torch(TorchFinder, path, target)
        return None


sys.meta_path.insert(0, TorchFinder)
_ours, _here = sys.modules.pop("sitecustomize"), __file__.rpartition("/")[0]
try:
    sys.path.remove(_here)
    import sitecustomize  # type: ignore[import-not-found] # noqa: F401
except ModuleNotFoundError as err:
    if err.name != "sitecustomize":
        raise
finally:
    sys.path.insert(0, _here)
    sys.modules.setdefault("sitecustomize", _ours)
