"""`kpl user`."""

from typing import Annotated

import typer

from kpl.cli.context import context
from kpl.cli.output import Json, Limit, Yes, confirm, out, print_json, print_table, say

app = typer.Typer(help="Users of the platform.", no_args_is_help=True)


@app.command("list")
def list_(limit: Limit = 50, json: Json = False) -> None:
    """List users."""
    with context.client() as client:
        users = list(client.users.list(limit=limit))
    if json:
        print_json(users)
        return
    print_table(
        ("user", "name", "admin", "active", "last seen"),
        [
            (
                u.username,
                u.display_name,
                "yes" if u.is_admin else "",
                "yes" if u.is_active else "no",
                u.last_seen_at,
            )
            for u in users
        ],
        empty="No users.",
    )


@app.command()
def create(
    username: str,
    name: Annotated[str, typer.Option(help="Name for people.")] = "",
    admin: Annotated[bool, typer.Option(help="Administrator of the platform.")] = False,
    json: Json = False,
) -> None:
    """Make a user and print the one-time password that they change at their first sign-in."""
    with context.client() as client:
        user = client.users.create(username, display_name=name, is_admin=admin)
    if json:
        print_json(user)
    else:
        out.print(f"{user.username}: one-time password {user.one_time_password}")


@app.command()
def link(username: str) -> None:
    """Print a link that signs a user in once, for somebody who forgot the password."""
    with context.client() as client:
        out.print(client.users.sign_in_link(username))


@app.command()
def disable(username: str) -> None:
    """Keep a user out; nothing of theirs is deleted."""
    with context.client() as client:
        client.users.set_active(username, False)
    say(f"{username} cannot sign in any more.")


@app.command()
def enable(username: str) -> None:
    """Let a user in again."""
    with context.client() as client:
        client.users.set_active(username, True)
    say(f"{username} can sign in.")


@app.command()
def delete(username: str, yes: Yes = False) -> None:
    """Delete a user; what they made stays, under their name."""
    confirm(f"Delete user {username}?", is_confirmed=yes)
    with context.client() as client:
        client.users.delete(username)
