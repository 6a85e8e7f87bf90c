"""A task's environment holds the contract and nothing of the server's own."""

import json
from pathlib import Path

from kpl.runtime.environments import Environment
from kpl.runtime.variables import inherited_variables, preparation_variables, task_variables
from kpl.task import TaskKind
from kpl.testing.executor_suite import make_launch

SERVER = {
    "PATH": "/bin",
    "LC_ALL": "C.UTF-8",
    "https_proxy": "http://proxy",
    "PIP_INDEX_URL": "http://user:password@index",
    "KPL_SECRET_KEY": "hush",
    "AWS_SECRET_ACCESS_KEY": "hush",
}


def variables_of(**values: object) -> dict[str, str]:
    launch = make_launch(41, ("python", "train.py"), number=2, **values)
    environment = Environment(python=Path("/env/bin/python"), variables={"VIRTUAL_ENV": "/env"})
    events, checkpoints = Path("/events/41-2.jsonl"), Path("/checkpoints/41")
    return task_variables(launch, environment, Path("/attempts/41-2"), events=events, checkpoints=checkpoints)


def test_only_harmless_variables_are_inherited() -> None:
    assert inherited_variables(SERVER) == {"PATH": "/bin", "LC_ALL": "C.UTF-8", "https_proxy": "http://proxy"}


def test_building_an_environment_sees_the_index_of_pip() -> None:
    assert preparation_variables(SERVER) == inherited_variables(SERVER) | {
        "PIP_INDEX_URL": SERVER["PIP_INDEX_URL"]
    }


def test_contract_is_complete() -> None:
    variables = variables_of(outputs=("model", "val-set"), project="vision")
    expected = {
        "KPL_PARAMETERS": "/attempts/41-2/parameters.json",
        "KPL_INPUTS": "/attempts/41-2/inputs.json",
        "KPL_OUTPUT_MODEL": "/attempts/41-2/outputs/model",
        "KPL_OUTPUT_VAL_SET": "/attempts/41-2/outputs/val-set",
        "KPL_EVENTS": "/events/41-2.jsonl",
        "KPL_CHECKPOINTS": "/checkpoints/41",
        "KPL_RUN_ID": "5",
        "KPL_TASK_ID": "41",
        "KPL_ATTEMPT": "2",
        "KPL_PROJECT": "vision",
        "RANK": "0",
        "WORLD_SIZE": "1",
        "VIRTUAL_ENV": "/env",
        "CUDA_VISIBLE_DEVICES": "",
    }
    assert {name: variables.get(name) for name in expected} == expected
    assert variables["PATH"].startswith("/env/bin:")
    assert "KPL_HOST" not in variables


def test_service_is_told_where_it_is_shown() -> None:
    variables = variables_of(kind=TaskKind.SERVICE, base_path="/serve/default/digits")
    assert variables["KPL_HOST"] == "127.0.0.1"
    assert variables["KPL_BASE_PATH"] == "/serve/default/digits"
    assert variables["KPL_ENV"] == "deploy"


def test_algorithms_for_the_original_helper_find_their_world() -> None:
    variables = variables_of(parameters={"lr": 0.1})
    assert variables["KPL_INNER"] == "1"
    assert variables["KPL_ENV"] == "pipeline"
    assert json.loads(variables["KPL_ENV_PARAMETER"]) == {"lr": 0.1}
    assert variables["KPL_ENV_INPUT_ROOT_PATH"] == "/attempts/41-2/inputs"
    assert variables["KPL_ENV_OUTPUT_ROOT_PATH"] == "/attempts/41-2/outputs"
    assert variables["KPL_ENV_TASK_ID"] == "41"


def test_parameters_too_long_for_a_variable_are_in_their_file_alone() -> None:
    assert "KPL_ENV_PARAMETER" not in variables_of(parameters={"text": "x" * 200_000})


def test_variables_of_the_launch_win() -> None:
    assert variables_of(variables={"OMP_NUM_THREADS": "7"})["OMP_NUM_THREADS"] == "7"
