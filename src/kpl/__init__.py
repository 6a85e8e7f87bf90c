"""KPL: bring data, get a trained, tested, compiled and deployed model."""

__version__ = "0.1.0"
