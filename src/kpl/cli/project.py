"""`kpl project`."""

from typing import Annotated

import typer

from kpl.cli.context import context
from kpl.cli.output import Json, Limit, Yes, confirm, out, print_json, print_table, say
from kpl.schemas.project import RoleName

app = typer.Typer(help="Projects and their members.", no_args_is_help=True)


@app.command("list")
def list_(limit: Limit = 50, json: Json = False) -> None:
    """List the projects that you are a member of."""
    with context.client() as client:
        projects = list(client.projects.list(limit=limit))
    if json:
        print_json(projects)
        return
    print_table(
        ("name", "title", "your role", "members", "created"),
        [(p.name, p.title, p.role, p.num_members, p.created_at) for p in projects],
        empty="No projects.",
    )


@app.command()
def create(
    name: str, title: Annotated[str, typer.Option(help="For people.")] = "", json: Json = False
) -> None:
    """Make a project; you become its admin."""
    with context.client() as client:
        project = client.projects.create(name, title=title)
    if json:
        print_json(project)
    else:
        out.print(f"{project.name}: you are {project.role}")


@app.command()
def members(name: str, json: Json = False) -> None:
    """List the members of a project."""
    with context.client() as client:
        found = client.projects.members(name)
    if json:
        print_json(found)
        return
    print_table(
        ("user", "name", "role", "since"),
        [(m.username, m.display_name, m.role, m.added_at) for m in found],
        empty="No members.",
    )


@app.command("add-member")
def add_member(
    name: str,
    username: str,
    role: Annotated[RoleName, typer.Argument(help="viewer, developer or admin.")] = "developer",
) -> None:
    """Add a user to a project, or change the role."""
    with context.client() as client:
        member = client.projects.set_member(name, username, role)
    say(f"{member.username} is {member.role} of {name}.")


@app.command("remove-member")
def remove_member(name: str, username: str) -> None:
    """Take a user out of a project."""
    with context.client() as client:
        client.projects.remove_member(name, username)


@app.command()
def delete(name: str, yes: Yes = False) -> None:
    """Delete a project with everything in it."""
    confirm(f"Delete project {name} with all its datasets, models and runs?", is_confirmed=yes)
    with context.client() as client:
        client.projects.delete(name)
