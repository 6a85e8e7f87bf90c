"""`kpl up`: start the server and leave it running."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError

from kpl import __version__
from kpl.cli.context import context
from kpl.cli.output import out
from kpl.errors import Invalid

if TYPE_CHECKING:
    from kpl.server.serve import Ready


def up(
    host: Annotated[str | None, typer.Option(help="Address to listen on; 127.0.0.1 by default.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of everything that KPL keeps.")] = None,
    simulate: Annotated[
        str | None, typer.Option(help="Pretend to have devices, as in gpu:a100=4,npu=2; for trials.")
    ] = None,
    tls_cert_file: Annotated[Path | None, typer.Option(help="Certificate (PEM) for HTTPS.")] = None,
    tls_key_file: Annotated[Path | None, typer.Option(help="Private key (PEM) of the certificate.")] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Listen beyond this machine without TLS.")
    ] = False,
) -> None:
    """Start the server. Everything else is a setting: see docs/reference/settings.md."""
    from kpl.server.serve import serve
    from kpl.server.settings import Settings

    chosen: dict[str, Any] = {
        "host": host,
        "port": port,
        "data_dir": data_dir or context.data_dir,
        "simulate": simulate,
        "tls_cert_file": tls_cert_file,
        "tls_key_file": tls_key_file,
        "insecure": insecure or None,
    }
    try:
        settings = Settings(**{name: value for name, value in chosen.items() if value is not None})
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise Invalid(f"A setting is wrong: {problems}.", hint="See docs/reference/settings.md.") from error
    serve(settings, on_ready=_greet)


def _greet(ready: "Ready") -> None:
    lines = [
        f"KPL {__version__} is ready at {ready.url} ({ready.seconds:.1f} s)",
        f"data      {ready.data_dir}",
    ]
    if ready.first_start is not None:
        lines += [
            f"sign in   {ready.sign_in_url}",
            f"          once, or as '{ready.first_start.username}' with the one-time password"
            f" {ready.first_start.one_time_password}",
        ]
    lines.append("stop      Ctrl+C; running tasks go on and are taken back at the next start")
    for line in lines:
        out.print(line)
