"""The budgets of the console, measured in a real browser on a real server with large objects.

    python benchmarks/web/run.py [--data-dir FOLDER] [--only REGEX] [--json]

Needs Chromium and the tools of web/ (python tools/web.py ci). With --data-dir the objects are kept for the next time;
making them takes about a minute. Ends with 1 when a budget is not met. README.md beside this file says what each line
means.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

import objects

from kpl.client import LocalServer, local_server
from kpl.testing.console import PASSWORD, set_password

HERE = Path(__file__).parent
WEB = HERE.parents[1] / "web"


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that one figure may be; for figures whose name tells of frames a second or tabs, the least."""

    figure: str
    limit: float
    is_least: bool = False

    def is_met(self, measured: float) -> bool:
        return measured >= self.limit if self.is_least else measured <= self.limit


BROKEN = "parts that broke"
BUDGETS = (
    Budget(BROKEN, 0),
    Budget("first js KB", 210),
    Budget("dataset js KB", 240),
    Budget("canvas js KB", 300),
    Budget("css KB", 15),
    Budget("fonts KB", 90),
    Budget("first paint clock ms", 600),
    Budget("usable clock ms", 1000),
    Budget("canvas 200 pan script ms a frame", 6),
    Budget("canvas 200 pan style+layout ms a frame", 1),
    Budget("canvas 200 pan clock frames/s", 25, is_least=True),
    Budget("canvas 500 pan clock frames/s", 20, is_least=True),
    Budget("idle main thread ms/s with 3 running", 80),
    Budget("canvas updates script ms a frame", 6),
    Budget("grid laid out anew ms", 30),
    Budget("grid jump filled clock ms, warm", 500),
    Budget("grid scroll script ms a frame", 6),
    Budget("grid heap MB", 60),
    Budget("log open clock ms", 800),
    Budget("log heap MB", 40),
    Budget("chart zoom redraw ms", 50),
    Budget("live gaps", 0),
    Budget("live duplicates", 0),
    Budget("live reconnect clock ms", 2000),
    Budget("live tabs at once", 10, is_least=True),
)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-dir", type=Path, help="keep the objects here")
    parser.add_argument("--only", default="", metavar="REGEX", help="parts to measure, as in 'grid|log'")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--num-samples", type=int, default=1_000_000)
    parser.add_argument("--num-lines", type=int, default=1_000_000)
    parser.add_argument("--num-points", type=int, default=1_000_000)
    wanted = parser.parse_args()
    with (
        _folder(wanted.data_dir) as folder,
        local_server(folder / "data") as server,
        server.client() as client,
    ):
        print("Making the objects ...", file=sys.stderr)
        made = objects.make(
            client,
            num_samples=wanted.num_samples,
            num_lines=wanted.num_lines,
            num_points=wanted.num_points,
        )
        set_password(client.users.sign_in_link("admin"))
        try:
            measured = _measure(server.url, made, wanted.only)
        finally:
            objects.release(client, made)
        if not wanted.only or "live" in wanted.only:
            # Last, for another server has taken the place of this one then.
            measured |= _measure_live(server, folder)
    return _report(measured, as_json=wanted.json)


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    if given is not None:
        given.mkdir(parents=True, exist_ok=True)
        yield given.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="kpl-bench-web-") as folder:
        yield Path(folder)


def _measure(url: str, made: objects.Objects, only: str) -> dict[str, float]:
    return _drive(HERE / "measure.mjs", url, KPL_BENCH_OBJECTS=json.dumps(asdict(made)), KPL_BENCH_ONLY=only)


def _measure_live(server: LocalServer, folder: Path) -> dict[str, float]:
    """Kill the server under ten open pages; one at the same address takes its place until the script ends."""
    gate = folder / "first-steps-may-go-on"
    gate.unlink(missing_ok=True)
    port = str(urlsplit(server.url).port)
    again = [sys.executable, "-m", "kpl.cli", "--data-dir", str(server.data_dir), "up", "--port", port]
    found = _drive(
        WEB / "e2e" / "live.mjs",
        server.url,
        KPL_E2E_GATE=str(gate),
        KPL_E2E_PID=str(server.process.pid),
        KPL_E2E_RESTART=json.dumps(again),
    )
    if BROKEN in found:
        return found
    return {
        "live gaps": found["gaps"],
        "live duplicates": found["duplicates"],
        "live reconnect clock ms": found["reconnectMs"],
        "live tabs at once": found["tabs"],
        "live events": found["events"],
    }


def _drive(script: Path, url: str, **variables: str) -> dict[str, float]:
    """Run a script in Node; the numbers of the last line that it prints."""
    done = subprocess.run(
        ["node", str(script)],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        env={**os.environ, "KPL_E2E_URL": url, "KPL_E2E_PASSWORD": PASSWORD, **variables},
    )
    if "SKIPPED" in done.stdout:
        raise SystemExit(done.stdout.strip())
    found: dict[str, float] = json.loads((done.stdout.strip() or "{}").splitlines()[-1])
    return found if done.returncode == 0 else found | {BROKEN: 1}


def _report(measured: dict[str, float], *, as_json: bool) -> int:
    budgets = {budget.figure: budget for budget in BUDGETS}
    rows = []
    for figure, value in measured.items():
        budget = budgets.get(figure)
        rows.append(
            {
                "figure": figure,
                "measured": round(value, 2),
                "budget": budget.limit if budget else None,
                "share": round(value / budget.limit, 2) if budget and budget.limit else None,
                "is_met": budget.is_met(value) if budget else None,
            }
        )
    if as_json:
        print(json.dumps(rows, indent=2))
    else:
        words = {True: "met", False: "NOT MET", None: ""}
        print(f"{'':44}{'measured':>10}{'budget':>9}{'share':>8}")
        for row in rows:
            budget = budgets.get(str(row["figure"]))
            limit = "" if budget is None else f"{'>=' if budget.is_least else '<='} {budget.limit:g}"
            share = "" if row["share"] is None else f"{row['share']:.2f}"
            print(
                f"{row['figure']:44}{row['measured']:>10}{limit:>9}{share:>8}  {words[row['is_met']]}".rstrip()
            )
    return 1 if any(row["is_met"] is False for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
