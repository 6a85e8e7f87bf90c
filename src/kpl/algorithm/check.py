"""Checking an algorithm before anybody relies on it: the folder as it is, then every function on toy data.

`check_manifest` only reads. `check_algorithm` also runs each function as the platform would, in an empty
folder, with the files and variables of the task contract, through a runner that it is handed.
"""

import ast
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from kpl.algorithm import protocol
from kpl.algorithm.check_service import ask_service
from kpl.algorithm.manifest import (
    MANIFEST_NAME,
    AlgorithmManifest,
    Function,
    ManifestInvalid,
    Port,
    load_manifest,
)
from kpl.algorithm.model import read_model
from kpl.algorithm.parameters import ParametersInvalid, check_parameters, default_parameters
from kpl.algorithm.protocol import ProvidedInput
from kpl.algorithm.registry import is_ignored
from kpl.algorithm.runner import Finished, Runner
from kpl.algorithm.toy import TOY_KINDS, make_answered_toy_dataset, make_toy_dataset, make_toy_files
from kpl.dataset import Dataset
from kpl.errors import KPLError
from kpl.storage.tree import scan_folder

# What one function needs stands before it.
_ORDER = ("process", "train", "test", "infer", "compile", "serve")
_OUTPUT_CHARACTERS = 2000


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be. `note` is no fault: it says what could not be checked."""

    function: str
    severity: Literal["error", "warning", "note"]
    what: str
    fix: str = ""

    def __str__(self) -> str:
        where = f"{self.function}: " if self.function else ""
        return f"{self.severity}: {where}{self.what} {self.fix}".strip()


@dataclass(frozen=True, slots=True)
class CheckReport:
    """All findings, and the functions that were run to their end without an error."""

    findings: tuple[Finding, ...] = ()
    passed: tuple[str, ...] = ()

    @property
    def is_valid(self) -> bool:
        return not any(finding.severity == "error" for finding in self.findings)


def check_manifest(folder: Path) -> CheckReport:
    """Read the folder of an algorithm; start nothing."""
    try:
        manifest = load_manifest(folder)
    except ManifestInvalid as err:
        return CheckReport(tuple(Finding("", "error", str(problem)) for problem in err.problems))
    return CheckReport(tuple(_folder_findings(folder.resolve(), manifest)))


def _folder_findings(folder: Path, manifest: AlgorithmManifest) -> Iterator[Finding]:
    if folder.name != manifest.name:
        fix = "Rename one of them: people look for an algorithm in the folder of its name."
        yield Finding("", "warning", f"The folder is '{folder.name}', the algorithm '{manifest.name}'.", fix)
    if not (folder / "README.md").is_file():
        fix = "Write one: task, source, licence, expected result."
        yield Finding("", "warning", "There is no README.md.", fix)
    yield from _syntax_findings(folder)
    text = "\n".join(_texts(folder))
    for name, function in manifest.functions.items():
        first = function.command[0]
        script = folder / first.removeprefix("{algorithm}/")
        if first.startswith("{algorithm}/") and not os.access(script, os.X_OK):
            fix = f"Run `chmod +x {script.name}`, or begin the command with its interpreter, as in [sh, ...]."
            yield Finding(name, "error", f"'{script.name}' is not executable.", fix)
        for parameter in function.parameters.get("properties", {}):
            if not re.search(rf"\b{re.escape(parameter)}\b", text):
                fix = "Use it, or remove it from the manifest."
                yield Finding(name, "warning", f"No file mentions the parameter '{parameter}'.", fix)


def _syntax_findings(folder: Path) -> Iterator[Finding]:
    for source in scan_folder(folder, is_ignored=is_ignored):
        if source.path.endswith(".py"):
            try:
                ast.parse(source.location.read_bytes())
            except (SyntaxError, ValueError) as err:
                line = getattr(err, "lineno", 1)
                yield Finding("", "error", f"{source.path}:{line}: this is not Python: {err}.")


def _texts(folder: Path) -> Iterator[str]:
    for source in scan_folder(folder, is_ignored=is_ignored):
        if (
            source.path not in (MANIFEST_NAME, "README.md", "README.zh-CN.md")
            and source.stat.st_size < 1 << 20
        ):
            yield source.location.read_bytes().decode(errors="replace")


def check_algorithm(folder: Path, runner: Runner, *, timeout_s: float = 600.0) -> CheckReport:
    """Read the folder, then run every function on toy data.

    A parameter with `x-check` in its schema is run with that value, else with its default: so a training can
    be kept short.

    Args:
        timeout_s: longest time for one function.
    """
    report = check_manifest(folder)
    if not report.is_valid:
        return report
    with tempfile.TemporaryDirectory(prefix="kpl-check-") as name:
        work = Path(name).resolve()
        # What will be installed, and nothing else: a file that is missing then is missing now.
        copy = work / "algorithm" / folder.resolve().name
        for source in scan_folder(folder, is_ignored=is_ignored):
            target = copy / source.path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source.location, target)
        trial = _Trial(load_manifest(copy), copy, runner, work, timeout_s)
        trial.run()
    return CheckReport((*report.findings, *trial.findings), tuple(trial.passed))


@dataclass(slots=True)
class _Run:
    """Folder and variables of one try of one function."""

    function: str
    inputs: list[ProvidedInput]
    folder: Path
    env: dict[str, str]
    argv: list[str]
    outputs: dict[str, Path]

    @property
    def cwd(self) -> Path:
        return self.folder / "work"

    @property
    def events(self) -> Path:
        return self.folder / "events.jsonl"


class _MissingInput(Exception):  # a way out, not an error
    """There is no toy for an input that the function needs."""


@dataclass(slots=True)
class _Trial:
    """One algorithm being tried. What its functions give is kept for those that need it."""

    manifest: AlgorithmManifest
    algorithm: Path
    runner: Runner
    work: Path
    timeout_s: float
    findings: list[Finding] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    made: dict[tuple[str, str], Path] = field(default_factory=dict)

    def run(self) -> None:
        try:
            python = self.runner.interpreter(self.manifest.environment, self.algorithm)
        except KPLError as err:
            self.add("", "note", f"No function was run: {err.message}", err.hint)
            return
        offered = {str(name): function for name, function in self.manifest.functions.items()}
        for name in _ORDER:
            if name in offered:
                self.try_function(name, offered[name], python)

    def add(
        self, function: str, severity: Literal["error", "warning", "note"], what: str, fix: str = ""
    ) -> None:
        self.findings.append(Finding(function, severity, what, fix))

    def try_function(self, name: str, function: Function, python: str) -> None:
        num_errors = self.num_errors()
        for number, kind in enumerate(_kinds_to_try(function)):
            try:
                run = self.prepare(f"{name}-{number}", name, function, kind, python)
            except _MissingInput as err:
                self.add(name, "note", f"It was not run: {err}")
                return
            except ParametersInvalid as err:
                self.add(
                    name, "error", f"Its defaults are refused: {err}", "Give every required one a default."
                )
                return
            before = _listing(self.algorithm)
            if name == "serve":
                self.serve(run)
            else:
                self.finish(run, function)
            for path in sorted(_listing(self.algorithm) ^ before):
                fix = (
                    "Write into the outputs, or the folder that it starts in: many tasks share the algorithm."
                )
                self.add(name, "error", f"It changed '{path[0]}' in the algorithm's own folder.", fix)
        if self.num_errors() == num_errors:
            self.passed.append(name)

    def num_errors(self) -> int:
        return sum(finding.severity == "error" for finding in self.findings)

    def prepare(self, label: str, name: str, function: Function, kind: str, python: str) -> _Run:
        folder = self.work / label
        # A test without a model compares what stands in the dataset.
        is_answered = name == "test" and all(port.type != "model" for port in function.inputs)
        provided = [self.provide(port, kind, folder, is_answered=is_answered) for port in function.inputs]
        inputs = [each for each in provided if each is not None]
        outputs = {
            port.name: folder / "outputs" / port.name for port in function.outputs if port.type != "endpoint"
        }
        for path in (folder / "work", folder / "checkpoints", *outputs.values()):
            path.mkdir(parents=True)
        protocol.write_parameters(folder / "parameters.json", _toy_parameters(function))
        protocol.write_inputs(folder / "inputs.json", inputs)
        env = protocol.task_variables(
            parameters=folder / "parameters.json",
            inputs_file=folder / "inputs.json",
            inputs=inputs,
            outputs=outputs,
            events=folder / "events.jsonl",
            checkpoints=folder / "checkpoints",
            algorithm=self.algorithm,
        )
        env |= {
            protocol.RUN_ID: "1", protocol.TASK_ID: "1", protocol.ATTEMPT: "1", protocol.PROJECT: "check",
            "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1",
        }  # fmt: skip
        argv = protocol.fill_command(function.command, algorithm=self.algorithm, python=python)
        return _Run(name, inputs, folder, env, argv, outputs)

    def provide(self, port: Port, kind: str, folder: Path, *, is_answered: bool) -> ProvidedInput | None:
        """A toy for an input: what an earlier function gave, or something small. None for an optional one.

        Args:
            is_answered: datasets hold predictions, too.
        """
        for wanted in port.kinds or ("",):
            path = self.made.get((port.type, wanted)) if port.type != "dataset" else None
            if path is not None:
                return ProvidedInput(port.name, port.type, wanted, path)
        target = folder / "inputs" / port.name
        if port.type == "dataset":
            own = kind if kind in port.kinds or not port.kinds else next(iter(_toy_kinds(port)), "")
            if own:
                target.parent.mkdir(parents=True, exist_ok=True)
                make = make_answered_toy_dataset if is_answered else make_toy_dataset
                return ProvidedInput(port.name, "dataset", own, make(target, own))
        elif port.type == "files":
            return ProvidedInput(port.name, "files", port.kind, make_toy_files(target))
        if port.is_optional:
            return None
        kinds = " or ".join(port.kinds) or "any kind"
        raise _MissingInput(f"there is no toy for its input '{port.name}' ({port.type} of {kinds}).")

    def finish(self, run: _Run, function: Function) -> None:
        """Run a function that ends by itself, and look at what it left."""
        try:
            ended = self.runner.run(run.argv, run.env, run.cwd, self.timeout_s)
        except OSError as err:
            self.add(
                run.function, "error", f"It cannot be started: {err}.", "Mend 'command' in the manifest."
            )
            return
        if ended.exit_code != 0:
            self.add(run.function, "error", _ending(ended, self.timeout_s))
            return
        self.check_events(run, function)
        for port in function.outputs:
            self.check_output(run, port)

    def check_events(self, run: _Run, function: Function) -> None:
        events, problems, _ = protocol.read_events(run.events, is_final=True)
        for problem in problems:
            self.add(run.function, "error", f"In its events: {problem}", _EVENT_FIX)
        sent = {event.name for event in events if isinstance(event, protocol.Metric)}
        for metric in function.metrics:
            if metric.name not in sent:
                fix = "Send it, or take it out of the manifest."
                self.add(run.function, "error", f"It promises the metric '{metric.name}' but sent none.", fix)
        if not any(isinstance(event, protocol.Progress) for event in events):
            fix = 'Append {"type": "progress", "value": 0.5} to the file in KPL_EVENTS now and then.'
            self.add(run.function, "note", "It sends no progress, so nobody sees how far it is.", fix)

    def check_output(self, run: _Run, port: Port) -> None:
        path = run.outputs.get(port.name)
        if path is None:
            return
        if not any(each.is_file() for each in path.rglob("*")):
            if not port.is_optional:
                fix = f"Write into the folder in {protocol.output_variable(port.name)}, or mark it optional."
                self.add(run.function, "error", f"It left the output '{port.name}' empty.", fix)
            return
        try:
            kind = _kind_of(path, port)
        except KPLError as err:
            what = f"Its output '{port.name}' is no {port.type}: {err.message}"
            self.add(run.function, "error", what, err.hint)
            return
        if port.kinds and kind not in port.kinds:
            what = f"Its output '{port.name}' has the kind '{kind}', not {' or '.join(port.kinds)}."
            self.add(run.function, "error", what, "Mend 'kind' in the manifest.")
        for key in ((port.type, kind), (port.type, "")):
            self.made.setdefault(key, path)

    def serve(self, run: _Run) -> None:
        """Start a service, ask it once, stop it."""
        asked = ask_service(self.runner, run.argv, run.env, run.cwd, timeout_s=self.timeout_s)
        for what, fix in asked:
            self.add(run.function, "error", what, fix)
        if not asked:
            _, problems, _ = protocol.read_events(run.events, is_final=True)
            for problem in problems:
                self.add(run.function, "error", f"In its events: {problem}", _EVENT_FIX)


_EVENT_FIX = (
    'Each line is one JSON object, as in {"type": "metric", "name": "loss", "value": 0.5, "step": 1}.'
)


def _kinds_to_try(function: Function) -> tuple[str, ...]:
    """The function is run once for each kind of dataset that its first dataset input names."""
    for port in function.inputs:
        if port.type == "dataset":
            return tuple(_toy_kinds(port)) or ("",)
    return ("",)


def _toy_kinds(port: Port) -> Iterable[str]:
    return [kind for kind in port.kinds if kind in TOY_KINDS] if port.kinds else ["classification"]


def _toy_parameters(function: Function) -> dict[str, object]:
    properties = function.parameters.get("properties", {})
    toys = {
        name: schema["x-check"]
        for name, schema in properties.items()
        if isinstance(schema, dict) and "x-check" in schema
    }
    return check_parameters(function.parameters, default_parameters(function.parameters) | toys)


def _kind_of(path: Path, port: Port) -> str:
    if port.type == "dataset":
        return str(Dataset.open(path).kind)
    if port.type == "model":
        return read_model(path).task
    return port.kind


def _ending(ended: Finished, timeout_s: float) -> str:
    how = (
        f"exited with {ended.exit_code}" if ended.exit_code is not None else f"took more than {timeout_s:g} s"
    )
    output = ended.output[-_OUTPUT_CHARACTERS:].strip()
    return f"It {how}. The end of its output:\n{output}" if output else f"It {how}, without a word."


def _listing(folder: Path) -> set[tuple[str, int, int]]:
    return {(s.path, s.stat.st_size, s.stat.st_mtime_ns) for s in scan_folder(folder, is_ignored=is_ignored)}
