"""Algorithms from git repositories: fetched by a task like any other, so that there is a log while it goes on."""

import re
from urllib.parse import urlsplit

from kpl.algorithm.parameters import check_parameters
from kpl.errors import Invalid
from kpl.schemas.algorithm import AlgorithmFetch
from kpl.schemas.task import TaskOut
from kpl.sentence import Sentence
from kpl.server.services import audit
from kpl.server.services.access import Caller, Role, project_for, require_platform_admin
from kpl.server.services.algorithms import builtin_algorithm
from kpl.server.services.catalog import algorithm_version
from kpl.server.services.platform import Platform
from kpl.server.services.submission import NewTask, submit_task
from kpl.server.services.tasks import task_answers
from kpl.task import OutputSpec, TaskKind, TaskSpec

FETCHER = "algorithm_install"
_REMOTE_SCHEMES = ("https", "http", "ssh", "git", "git+ssh")
_SCP_LIKE = re.compile(r"[\w.-]+@[\w.-]+:[^-].*")


def fetch_algorithm(platform: Platform, caller: Caller, project: str, request: AlgorithmFetch) -> TaskOut:
    """Start the task that fetches an algorithm and installs it when its manifest passes.

    Raises:
        Invalid: git would not take the address, or it holds a password.
        Denied: a repository on the server was named by somebody who is not an administrator of the platform.
    """
    with platform.db.read() as session:
        project_for(session, caller, project, Role.DEVELOPER)
    if _is_on_server(request.url):
        require_platform_admin(caller)
    if request.ref.startswith("-"):
        raise Invalid(
            Sentence(
                f"ref: '{request.ref}' is no branch, tag or commit.",
                f"ref：“{request.ref}”不是分支、标签或提交。",
            )
        )
    with platform.db.write() as session:
        owner = project_for(session, caller, project, Role.DEVELOPER)
        fetcher = algorithm_version(platform, builtin_algorithm(session, FETCHER))
        function = fetcher.manifest.function("process")
        spec = TaskSpec(
            program=fetcher.program("process"),
            parameters=check_parameters(function.parameters, request.model_dump()),
            # The manifest names what it becomes; any word says that it shall become something.
            outputs=tuple(
                OutputSpec(port.name, port.type, port.kind, publish="algorithm") for port in function.outputs
            ),
            resources=function.resources.request(),
            metrics=tuple(metric.name for metric in function.metrics),
            # A branch moves on: what it holds is not known before it was fetched.
            must_run=True,
        )
        task = NewTask(
            name="install algorithm", kind=TaskKind.BATCH, spec=spec, lineage=f"fetch:{request.url}"
        )
        row = submit_task(platform, session, caller, owner, task)
        audit.record(
            platform,
            session,
            caller,
            "algorithm.fetch",
            f"task:{row.id}",
            project=project,
            details=request.model_dump(),
        )
    return task_answers(platform, [row], project)[0]


def _is_on_server(url: str) -> bool:
    """Whether an address means a folder of the server. Raises Invalid for one that git must not be given."""
    if _SCP_LIKE.fullmatch(url):
        return False
    parts = urlsplit(url)
    if parts.password:
        raise Invalid(
            Sentence(
                "url: the address holds a password, and everybody who may see the task would see it.",
                "url：地址中含有密码，能看到此任务的人都会看到它。",
            ),
            hint=Sentence(
                "Use ssh, or a credential helper of git on the machine.",
                "请使用 ssh，或在该机器上配置 git 凭据助手。",
            ),
        )
    if parts.scheme in _REMOTE_SCHEMES and parts.hostname:
        return False
    if parts.scheme == "file" or url.startswith("/"):
        return True
    raise Invalid(
        Sentence(f"url: '{url}' is no address of a git repository.", f"url：“{url}”不是 git 仓库地址。"),
        hint=Sentence(
            "Give one such as https://host/owner/name.git or git@host:owner/name.git.",
            "请填写如 https://host/owner/name.git 或 git@host:owner/name.git 的地址。",
        ),
    )
