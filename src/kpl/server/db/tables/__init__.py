"""The tables, one file a noun.

Importing this package makes `Base.metadata` complete, whatever files there are.
"""

from importlib import import_module
from pkgutil import iter_modules

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
