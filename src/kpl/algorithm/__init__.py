"""The contract between the platform and algorithms in any language.

Nothing is imported here: an algorithm's process imports `kpl.algorithm.author` alone and must not pay for the
rest. `manifest`, `parameters`, `protocol`, `model`, `registry` and `check` are imported by their full path.
"""
