"""Variants of the executor. They do not know each other; the interface is `kpl.runtime.executor`."""
