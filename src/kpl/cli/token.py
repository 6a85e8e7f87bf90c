"""`kpl token`."""

from typing import Annotated

import typer

from kpl.cli.context import context
from kpl.cli.output import Json, Limit, out, print_json, print_table, say
from kpl.schemas.token import ScopeName

app = typer.Typer(help="Your API tokens.", no_args_is_help=True)


@app.command("list")
def list_(limit: Limit = 50, json: Json = False) -> None:
    """List your tokens; their secrets are not kept."""
    with context.client() as client:
        tokens = list(client.tokens.list(limit=limit))
    if json:
        print_json(tokens)
        return
    print_table(
        ("id", "name", "begins", "scopes", "project", "expires", "last used"),
        [(t.id, t.name, t.prefix, t.scopes, t.project, t.expires_at, t.last_used_at) for t in tokens],
        empty="No tokens.",
    )


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="To tell it from others.")],
    scope: Annotated[list[str], typer.Option(help="read, write or admin; may be repeated.")] = ["write"],  # noqa: B006
    only_project: Annotated[str | None, typer.Option(help="Limit it to this project.")] = None,
    days: Annotated[float, typer.Option(min=0.001, help="Life in days.")] = 90,
    json: Json = False,
) -> None:
    """Make a token and print it, this once."""
    scopes: list[ScopeName] = [_scope(word) for word in scope]
    with context.client() as client:
        token = client.tokens.create(name, scopes=scopes, project=only_project, expires_in_s=days * 86400)
    if json:
        print_json(token)
        return
    out.print(token.token)
    say("Keep it: it is not shown again.")


def _scope(word: str) -> ScopeName:
    known: dict[str, ScopeName] = {"read": "read", "write": "write", "admin": "admin"}
    if word not in known:
        raise typer.BadParameter(f"'{word}' is not a scope; write read, write or admin", param_hint="--scope")
    return known[word]


@app.command()
def delete(token_id: int) -> None:
    """Delete a token; whoever uses it is refused from then on."""
    with context.client() as client:
        client.tokens.delete(token_id)
