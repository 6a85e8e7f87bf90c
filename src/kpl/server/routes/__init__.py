"""REST, one module a noun. A module defines `router`; to add one, name it in `MODULES` below.

A route parses, asks one service, answers. It gives its `operation_id` and knows no table. `static` answers
whatever nobody else does; the app adds it after all others.
"""

from types import ModuleType

from fastapi import APIRouter

from kpl.server.routes import (
    algorithms,
    artifacts,
    audit,
    benchmarks,
    datasets,
    drafts,
    endpoints,
    evaluations,
    events,
    health,
    machines,
    models,
    pipelines,
    projects,
    queues,
    runs,
    samples,
    scheduler,
    session,
    static,
    storage,
    tasks,
    templates,
    tokens,
    uploads,
    users,
)

MODULES: tuple[ModuleType, ...] = (
    health,
    session,
    users,
    tokens,
    projects,
    uploads,
    events,
    audit,
    datasets,
    models,
    algorithms,
    benchmarks,
    artifacts,
    pipelines,
    drafts,
    templates,
    runs,
    tasks,
    evaluations,
    endpoints,
    machines,
    samples,
    queues,
    scheduler,
    storage,
)

ROUTERS: tuple[APIRouter, ...] = tuple(module.router for module in MODULES)
CONSOLE: APIRouter = static.router
