"""A small algorithm whose processes do as their parameters say: for tests of everything around algorithms."""

from pathlib import Path

from kpl.algorithm.registry import install
from kpl.server.db.tables.algorithms import AlgorithmVersionRow
from kpl.server.db.tables.projects import ProjectRow
from kpl.server.services.platform import Platform

NAME = "toy"

MANIFEST = """\
name: toy
version: "{version}"
title: {{en: Toy, zh: 玩具}}
description: {{en: Does as it is told., zh: 照做。}}
task: classification
licence: Apache-2.0
environment: host
functions:
  process:
    command: [python, "{{algorithm}}/process.py"]
    inputs:
      - {{name: files, type: files, optional: true}}
      - {{name: more, type: files, optional: true}}
    outputs:
      - {{name: files, type: files}}
    resources: {{cpu: 0.1, memory: 16Mi}}
    metrics:
      - {{name: score, direction: max, primary: true}}
    parameters:
      type: object
      properties:
        text: {{type: string, default: hello}}
        lines: {{type: integer, minimum: 0, default: 1}}
        exit_code: {{type: integer, default: 0}}
        wait_for: {{type: string, default: "", description: Go on once this file exists.}}
        last_words: {{type: string, default: "", description: Written after that.}}
        then_wait_for: {{type: string, default: "", description: End once this file exists.}}
        fail_until: {{type: integer, default: 1, description: Fail each attempt before this one.}}
  train:
    command: [python, "{{algorithm}}/train.py"]
    inputs:
      - {{name: files, type: files, optional: true}}
    outputs:
      - {{name: model, type: model, kind: classification}}
    resources: {{cpu: 0.1, memory: 16Mi}}
    parameters: {{type: object, properties: {{text: {{type: string, default: weights}}}}}}
  serve:
    command: [python, "{{algorithm}}/serve.py"]
    inputs:
      - {{name: model, type: model, kind: classification}}
    outputs:
      - {{name: endpoint, type: endpoint}}
    resources: {{cpu: 0.1, memory: 16Mi}}
    parameters: {{type: object, properties: {{greeting: {{type: string, default: hi}}}}}}
"""

PROCESS = """\
import json, os, sys, time
from pathlib import Path

parameters = json.loads(Path(os.environ["KPL_PARAMETERS"]).read_text())
inputs = json.loads(Path(os.environ["KPL_INPUTS"]).read_text())
taken = [Path(each["path"], "text").read_text() for each in inputs.values()]
for number in range(parameters["lines"]):
    print(f"line {number}: {parameters['text']}", flush=True)
with Path(os.environ["KPL_EVENTS"]).open("a") as events:
    for step in range(3):
        events.write(json.dumps({"type": "metric", "name": "score", "value": step / 2, "step": step}) + "\\n")
    events.write(json.dumps({"type": "progress", "value": 0.5, "message": "half way", "message_zh": "一半"}) + "\\n")
    events.write(json.dumps({"type": "note", "text": "noted", "text_zh": "已记录"}) + "\\n")


def wait_for(path):
    deadline = time.monotonic() + 60
    while path and not Path(path).exists():
        if time.monotonic() > deadline:
            sys.exit("nobody wrote " + path)
        time.sleep(0.02)


wait_for(parameters["wait_for"])
if parameters["last_words"]:
    print(parameters["last_words"], flush=True)
    with Path(os.environ["KPL_EVENTS"]).open("a") as events:
        events.write(json.dumps({"type": "progress", "value": 1}) + "\\n")
wait_for(parameters["then_wait_for"])
if int(os.environ["KPL_ATTEMPT"]) < parameters["fail_until"]:
    sys.exit(3)
Path(os.environ["KPL_OUTPUT_FILES"], "text").write_text("+".join([*taken, parameters["text"]]))
sys.exit(parameters["exit_code"])
"""

TRAIN = """\
import hashlib, json, os
from pathlib import Path

parameters = json.loads(Path(os.environ["KPL_PARAMETERS"]).read_text())
folder = Path(os.environ["KPL_OUTPUT_MODEL"])
weights = parameters["text"].encode()
folder.joinpath("weights").write_bytes(weights)
file = {"size_bytes": len(weights), "sha256": hashlib.sha256(weights).hexdigest()}
manifest = {"schema": "kpl.model/v1", "task": "classification", "classes": ["cat", "dog"], "signature": {},
            "preprocessing": {}, "metrics": {"accuracy": 0.5}, "files": {"weights": file}}
folder.joinpath("model.json").write_text(json.dumps(manifest))
"""

SERVE = """\
import json, os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

greeting = json.loads(Path(os.environ["KPL_PARAMETERS"]).read_text())["greeting"]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/crash":
            os._exit(1)
        body = b""
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        elif "Content-Length" in self.headers:
            body = self.rfile.read(int(self.headers["Content-Length"]))
        seen = {"method": self.command, "path": self.path, "headers": dict(self.headers), "greeting": greeting,
                "body": body.decode("latin-1")}
        answer = json.dumps(seen).encode()
        self.send_response(418 if self.path.startswith("/teapot") else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.send_header("Set-Cookie", "kpl_session=stolen")
        self.send_header("X-Toy", "yes")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    do_POST = do_PUT = do_DELETE = do_HEAD = do_GET

    def log_message(self, *arguments):
        print(*arguments, flush=True)


ThreadingHTTPServer((os.environ.get("KPL_HOST", "127.0.0.1"), int(os.environ["KPL_PORT"])), Handler).serve_forever()
"""


def write_toy_algorithm(folder: Path, *, version: str = "1.0.0") -> Path:
    """Write the algorithm's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "algorithm.yaml").write_text(MANIFEST.format(version=version), encoding="utf-8")
    for name, text in (("process.py", PROCESS), ("train.py", TRAIN), ("serve.py", SERVE)):
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def install_toy_algorithm(
    platform: Platform, folder: Path, *, project: str = "default", version: str = "1.0.0"
) -> str:
    """Write the algorithm and install it straight into a project; returns the digest of its tree."""
    installed = install(write_toy_algorithm(folder, version=version), platform.artifacts)
    with platform.db.write() as session:
        owner = session.query(ProjectRow).filter_by(name=project).one()
        session.add(
            AlgorithmVersionRow(
                project_id=owner.id,
                name=NAME,
                version=version,
                tree=installed.tree,
                manifest=installed.manifest.model_dump(mode="json", by_alias=True),
                created_at_s=platform.now_s(),
                created_by="root",
            )
        )
    return installed.tree
