"""`kpl endpoint`."""

from pathlib import Path
from typing import Annotated

import typer

from kpl.cli.context import context
from kpl.cli.output import (
    Json,
    Limit,
    Search,
    Yes,
    confirm,
    nothing,
    out,
    print_fields,
    print_json,
    print_table,
    say,
)
from kpl.schemas.endpoint import DeploymentOut, EndpointOut

app = typer.Typer(help="Endpoints: deployed models that answer requests.", no_args_is_help=True)


@app.command("list")
def list_(search: Search = None, limit: Limit = 50, json: Json = False) -> None:
    """List endpoints."""
    with context.client() as client:
        endpoints = list(client.endpoints.list(search=search, limit=limit))
        url = client.url
    if json:
        print_json(endpoints)
        return
    print_table(
        ("name", "state", "model", "requests", "p50 ms", "p99 ms", "address"),
        [
            (
                e.name,
                e.state,
                _model_name(e),
                e.traffic.num_requests,
                e.traffic.p50_ms,
                e.traffic.p99_ms,
                f"{url}{e.url}",
            )
            for e in endpoints
        ],
        empty=nothing("No endpoints yet. Deploy a model: kpl endpoint create NAME MODEL", search=search),
    )


def _model_name(endpoint: EndpointOut | DeploymentOut) -> str | None:
    """The model as people call it; one that was never published has its digest alone."""
    model = endpoint.model
    if model is None:
        return None
    return f"{model.name}@{model.version}" if model.name else model.digest[:12]


@app.command()
def show(name: str, json: Json = False) -> None:
    """Show an endpoint: state, model, traffic."""
    with context.client() as client:
        found = client.endpoints.get(name)
        url = client.url
    if json:
        print_json(found)
        return
    print_fields(
        [
            ("name", found.name),
            ("state", found.state),
            ("reason", found.reason),
            ("address", f"{url}{found.url}"),
            ("model", _model_name(found)),
            ("algorithm", f"{found.algorithm} {found.algorithm_version}"),
            ("task", found.task_id),
            ("restarts", found.num_restarts),
            ("requests", found.traffic.num_requests),
            ("errors", found.traffic.num_errors),
            ("p50 ms", found.traffic.p50_ms),
            ("p99 ms", found.traffic.p99_ms),
        ]
    )


@app.command()
def create(
    name: str,
    model: Annotated[str, typer.Argument(help="Model as NAME or NAME@VERSION.")],
    wait: Annotated[bool, typer.Option(help="Wait until it answers.")] = True,
    priority: Annotated[int, typer.Option(help="Inside its queue, higher goes first.")] = 0,
    json: Json = False,
) -> None:
    """Deploy a model version under a name."""
    model_name, _, number = model.partition("@")
    with context.client() as client:
        version = int(number) if number else None
        endpoint = client.endpoints.create(name, model_name, version=version, priority=priority)
        if wait:
            endpoint = client.endpoints.wait_ready(name)
        url = client.url
    if json:
        print_json(endpoint)
    else:
        out.print(f"{name}: {endpoint.state} at {url}{endpoint.url}")


@app.command()
def history(name: str, limit: Limit = 20, json: Json = False) -> None:
    """List the models that an endpoint was given, the newest first."""
    with context.client() as client:
        deployments = list(client.endpoints.deployments(name, limit=limit))
    if json:
        print_json(deployments)
        return
    print_table(
        ("task", "model", "state", "algorithm", "deployed", "by", "answers"),
        [
            (
                each.task_id,
                _model_name(each),
                each.state,
                f"{each.algorithm} {each.algorithm_version}",
                each.created_at,
                each.created_by,
                "now" if each.is_current and each.state == "ready" else None,
            )
            for each in deployments
        ],
        empty="It was given no model.",
    )


@app.command("roll-back")
def roll_back(
    name: str,
    to: Annotated[int | None, typer.Option(help="A task of the history; the one before by default.")] = None,
) -> None:
    """Put back the model that answered before; what answers now goes on until that is ready."""
    with context.client() as client:
        client.endpoints.roll_back(name, to=to)
        newest = next(client.endpoints.deployments(name, limit=1))
    out.print(f"{name}: task {newest.task_id} serves {_model_name(newest)} again once it is ready")


@app.command()
def predict(name: str, image: Path) -> None:
    """Send an image and print the typed answer as JSON."""
    with context.client() as client:
        print_json(client.endpoints.predict(name, image))


@app.command()
def stop(name: str) -> None:
    """Stop an endpoint; its history stays."""
    with context.client() as client:
        client.endpoints.stop(name)
    say(f"{name} is asked to stop.")


@app.command()
def delete(name: str, yes: Yes = False) -> None:
    """Stop and remove an endpoint."""
    confirm(f"Delete endpoint {name}?", is_confirmed=yes)
    with context.client() as client:
        client.endpoints.delete(name)
