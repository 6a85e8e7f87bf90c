"""The way from outside to the services that run behind this server."""

from kpl.server.proxy.serve import router

__all__ = ["router"]
