"""The command line's root: global options, the list of nouns, and what an error looks like."""

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from kpl import __version__
from kpl.cli import (
    algorithm,
    dataset,
    demo,
    doctor,
    endpoint,
    machine,
    model,
    pipeline,
    policy,
    project,
    queue,
    run,
    scheduler,
    storage,
    task,
    template,
    token,
    up,
    user,
)
from kpl.cli.context import context
from kpl.cli.output import report_error
from kpl.errors import Invalid, KPLError

app = typer.Typer(
    name="kpl",
    help="Bring data, get a trained, tested, compiled and deployed model.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.command("up")(up.up)
app.command("demo")(demo.demo)
app.command("doctor")(doctor.doctor)
for noun in (
    dataset, model, algorithm, template, pipeline, run, task, endpoint, queue, policy, machine, scheduler, storage,
    project, user, token,
):  # fmt: skip
    app.add_typer(noun.app, name=noun.__name__.rpartition(".")[2])
app.add_typer(
    queue.app, name="quota", help="Quotas: each is that of a queue, so these are the commands of `kpl queue`."
)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def root(
    server: Annotated[
        str | None,
        typer.Option(envvar="KPL_SERVER", help="Address of the server; else the one on this machine."),
    ] = None,
    token: Annotated[
        str | None, typer.Option("--token", envvar="KPL_TOKEN", help="API token.", show_envvar=True)
    ] = None,
    project: Annotated[str, typer.Option(envvar="KPL_PROJECT", help="Project to work in.")] = "default",
    data_dir: Annotated[
        Path | None, typer.Option(envvar="KPL_DATA_DIR", help="Data folder of the server on this machine.")
    ] = None,
    debug: Annotated[bool, typer.Option(help="Show the traceback of an error.")] = False,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    context.server, context.token, context.project = server, token, project
    context.data_dir, context.is_debug = data_dir, debug


def main() -> None:
    """Run the command. Exit codes: 0 done, 1 failed, 2 wrong use, 130 interrupted."""
    try:
        app()
    except KPLError as error:
        _end_with(error)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read our output, `head` for one, has seen enough.
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        if error.filename is None:
            raise
        _end_with(
            Invalid(
                f"'{error.filename}' cannot be used: {error.strerror}.",
                hint="Check the path and who owns it.",
            )
        )


def _end_with(error: KPLError) -> NoReturn:
    """Say what went wrong and what to do; with `--debug` show where, too."""
    if context.is_debug:
        raise error
    report_error(error)
    sys.exit(1)
