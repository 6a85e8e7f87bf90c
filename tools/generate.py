"""Writes the generated files, or with `--check` fails when one is not what it should be.

    python tools/generate.py [--check]

docs/reference/openapi.json   the REST API, from the routes
docs/reference/cli.md         the command line, from its parser
docs/reference/settings.md    the settings, from their class
web/src/api/schema.d.ts       types of the REST API for the console (needs `npm ci` in web/)
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
OPENAPI = ROOT / "docs" / "reference" / "openapi.json"


def main() -> int:
    is_check = "--check" in sys.argv[1:]
    stale = []
    for name, make in GENERATED.items():
        path = ROOT / name
        text = make()
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not is_check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {name}")
    stale += _types_of_the_console(is_check=is_check)
    if is_check and stale:
        print(f"not current: {', '.join(stale)}. Run `make fix` and commit the result.", file=sys.stderr)
        return 1
    return 0


def openapi() -> str:
    """The OpenAPI document of an application that serves nobody."""
    from kpl.runtime.executors.local import LocalExecutor
    from kpl.server.app import close_platform, create_app, open_platform
    from kpl.server.settings import Settings

    with tempfile.TemporaryDirectory(prefix="kpl-openapi-") as folder:
        settings = Settings(data_dir=Path(folder))
        platform = open_platform(settings, executor=LocalExecutor(settings.runtime_dir))
        try:
            document = create_app(platform, loops=[]).openapi()
        finally:
            close_platform(platform)
    return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def cli() -> str:
    """Every command with its help, as it prints it 100 columns wide."""
    lines = ["# Command line", "", "Generated from the parser by `make docs`.", ""]
    for words in _commands():
        shown = " ".join(["kpl", *words])
        lines += [f"## {shown}", "", "```", _help(words), "```", ""]
    return "\n".join(lines)


def _commands() -> list[list[str]]:
    import typer

    from kpl.cli.main import app

    found: list[list[str]] = [[]]
    root = typer.main.get_command(app)
    for name, command in getattr(root, "commands", {}).items():
        found.append([name])
        found += [[name, verb] for verb in getattr(command, "commands", {})]
    return found


def _help(words: list[str]) -> str:
    import os

    environment = {**os.environ, "COLUMNS": "100", "TERMINAL_WIDTH": "100", "NO_COLOR": "1"}
    for name in ("KPL_SERVER", "KPL_TOKEN", "KPL_PROJECT", "KPL_DATA_DIR"):
        environment.pop(name, None)
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; sys.argv[0] = 'kpl'; from kpl.cli.main import main; main()",
            *words,
            "--help",
        ],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


_AS_KPL = "import sys; sys.argv[0] = 'kpl'; from kpl.cli.main import main; main()"


def settings() -> str:
    """The settings of the server with their defaults."""
    from kpl.server.settings import Settings

    lines = [
        "# Settings",
        "",
        "Generated from `kpl.server.settings` by `make docs`. Each is an environment variable; options of `kpl up`",
        "come before it.",
        "",
        "| variable | default | what it does |",
        "|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else str(field.default)
        lines.append(f"| `KPL_{name.upper()}` | {f'`{default}`' if default else ''} | {field.description} |")
    return "\n".join(lines) + "\n"


def _types_of_the_console(*, is_check: bool) -> list[str]:
    tool = ROOT / "web" / "node_modules" / "openapi-typescript" / "bin" / "cli.js"
    target = ROOT / "web" / "src" / "api" / "schema.d.ts"
    if not tool.exists():
        print("web/src/api/schema.d.ts is left as it is: run `python tools/web.py ci` first", file=sys.stderr)
        return []
    with tempfile.TemporaryDirectory(prefix="kpl-types-") as folder:
        written = Path(folder, "schema.d.ts")
        source = Path(folder, "openapi.json")
        source.write_text(openapi(), encoding="utf-8")
        subprocess.run(["node", str(tool), str(source), "-o", str(written)], check=True, capture_output=True)
        text = written.read_text(encoding="utf-8")
    if target.exists() and target.read_text(encoding="utf-8") == text:
        return []
    if not is_check:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        print(f"wrote {target.relative_to(ROOT)}")
    return [str(target.relative_to(ROOT))]


GENERATED: dict[str, Callable[[], str]] = {
    "docs/reference/openapi.json": openapi,
    "docs/reference/cli.md": cli,
    "docs/reference/settings.md": settings,
}

if __name__ == "__main__":
    sys.exit(main())
