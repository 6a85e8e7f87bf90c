"""Fetch a folder of a git repository that holds an algorithm, and check its manifest."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from kpl.algorithm import author
from kpl.algorithm.manifest import load_manifest
from kpl.algorithm.registry import is_ignored
from kpl.errors import KPLError

MAX_BYTES = 2 << 30


def main() -> None:
    parameters = author.parameters()
    checkout = Path("checkout").absolute()
    author.progress(0.1, f"fetching {parameters.url}", message_zh=f"正在获取 {parameters.url}")
    commit = fetch(parameters.url, parameters.ref, checkout)
    folder = chosen_folder(checkout, parameters.folder)
    author.progress(0.7, "checking the manifest", message_zh="正在检查清单")
    try:
        manifest = load_manifest(folder)
    except KPLError as err:
        raise author.refusal(err.sentence) from err
    num_files = hand_on(folder, author.output("algorithm"))
    author.metric("files", num_files)
    author.note(f"Commit {commit}", text_zh=f"提交 {commit}")
    author.progress(
        1.0,
        f"{manifest.name} {manifest.version}, {num_files} files, commit {commit[:12]}",
        message_zh=f"{manifest.name} {manifest.version}，{num_files} 个文件，提交 {commit[:12]}",
    )


def fetch(url: str, ref: str, checkout: Path) -> str:
    """Fetch one commit without history; returns its hash."""
    if shutil.which("git") is None:
        raise author.refusal(
            "git is not installed on this machine: apt-get install git",
            text_zh="这台机器没有安装 git，请运行 `apt-get install git`",
        )
    git(checkout.parent, "init", "--quiet", str(checkout))
    # A branch, a tag or a commit: a fetch takes all three, a clone only the first two.
    git(checkout, "fetch", "--quiet", "--depth", "1", "--no-tags", "--", url, ref or "HEAD")
    git(checkout, "checkout", "--quiet", "--detach", "FETCH_HEAD")
    return git(checkout, "rev-parse", "HEAD").strip()


def git(folder: Path, *arguments: str) -> str:
    """Run git without questions and hooks; its words go to the log."""
    command = ["git", "-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never", *arguments]
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_SSH_COMMAND": "ssh -oBatchMode=yes"}
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    sys.stderr.write(done.stderr)
    if done.returncode != 0:
        reason = done.stderr.strip().splitlines()
        raise SystemExit(
            f"git {arguments[0]} failed: {reason[-1] if reason else f'exit code {done.returncode}'}"
        )
    return done.stdout


def chosen_folder(checkout: Path, name: str) -> Path:
    """The folder of the checkout that was asked for; no link leads out of it."""
    folder = (checkout / name).resolve()
    if not folder.is_relative_to(checkout.resolve()) or not folder.is_dir():
        folders = sorted(path.parent.relative_to(checkout) for path in checkout.rglob("algorithm.yaml"))
        known = ", ".join(str(path) for path in folders[:10])
        raise SystemExit(
            f"The repository has no folder {name!r}."
            + (f" An algorithm.yaml lies in: {known}." if known else " No algorithm.yaml is in it.")
        )
    return folder


def hand_on(folder: Path, output: Path) -> int:
    """Copy what belongs to the algorithm; returns the number of files."""
    num_files = num_bytes = 0
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if any(is_ignored(part) for part in relative.parts) or path.is_dir():
            continue
        if not path.resolve().is_relative_to(folder.resolve()):
            raise SystemExit(f"{relative} is a link that leads out of the folder.")
        num_files += 1
        num_bytes += path.stat().st_size
        if num_bytes > MAX_BYTES:
            raise SystemExit(f"The folder holds more than {MAX_BYTES >> 30} GiB.")
        (output / relative).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, output / relative)
    return num_files


if __name__ == "__main__":
    main()
