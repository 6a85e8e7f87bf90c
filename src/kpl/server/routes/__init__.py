"""REST, one module a noun. A module defines `router`; to add one, name it in `MODULES` below.

A route parses, asks one service, answers. It gives its `operation_id` and knows no table.
"""

from types import ModuleType

from fastapi import APIRouter

from kpl.server.routes import health, session

MODULES: tuple[ModuleType, ...] = (
    health,
    session,
)

ROUTERS: tuple[APIRouter, ...] = tuple(module.router for module in MODULES)
