"""Samples, their masks and reviews over HTTP, in the SDK and on the command line."""

from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from kpl.cli.context import Context
from kpl.cli.dataset import app
from kpl.client import Client
from kpl.dataset import Dataset, DatasetWriter
from kpl.dataset.masks import runs_segmentation
from kpl.errors import Invalid
from kpl.schemas.token import TokenCreate
from kpl.server.services import tokens
from kpl.testing.published import image_bytes, publish_dataset, write_dataset
from kpl.testing.server import RunningServer, SignedIn

V = "/api/v1/projects/default/datasets/cells/versions/1"


def test_masks_are_kept_for_ever_and_lists_name_no_empty_fields(
    server: RunningServer, viewer: SignedIn, stranger: SignedIn, tmp_path: Path
) -> None:
    mask = np.zeros((12, 12), np.bool_)
    mask[2:6, 3:9] = True
    with DatasetWriter(tmp_path / "set", kind="instance_segmentation", class_names=["cell"]) as writer:
        writer.add(
            "0", image=image_bytes(1), boxes=[[3, 2, 9, 6]], labels=[0], masks=[runs_segmentation(mask)]
        )
    publish_dataset(server.platform, tmp_path / "set", "cells")
    answer = viewer.client.get(f"{V}/samples/0/mask?size=160")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert "immutable" in answer.headers["cache-control"]
    assert stranger.client.get(f"{V}/samples/0/mask").status_code == 404
    box = viewer.client.get(f"{V}/samples").json()["items"][0]["boxes"][0]
    assert set(box) == {"x0", "y0", "x1", "y1", "class_id", "label"}
    assert viewer.client.get(f"{V}/samples/0").json()["boxes"][0]["outline"] == [
        [3.0, 2.0, 9.0, 2.0, 9.0, 6.0, 3.0, 6.0]
    ]
    refused = viewer.client.get(f"{V}/groups")
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    assert [each["name"] for each in viewer.client.get(f"{V}/layers").json()["items"]] == [
        "samples",
        "labels",
    ]


def test_thumbnails_come_as_a_form_of_files(server: RunningServer, viewer: SignedIn, tmp_path: Path) -> None:
    publish_dataset(server.platform, write_dataset(tmp_path / "pets"), "pets")
    versions = "/api/v1/projects/default/datasets/pets/versions/1"
    answer = viewer.client.get(f"{versions}/thumbnails?row=7&row=4&size=160")
    assert (answer.status_code, "immutable" in answer.headers["cache-control"]) == (200, True)
    head = f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode()
    parts = BytesParser(policy=HTTP).parsebytes(head + answer.content).iter_parts()
    alone = {row: viewer.client.get(f"{versions}/samples/{row}/image?size=160").content for row in (7, 4)}
    assert {
        int(str(part.get_filename())): part.get_payload(decode=True)
        for part in parts
        if part.get_content_type() == "image/webp"
    } == alone
    too_many = "&".join(f"row={row}" for row in range(101))
    assert viewer.client.get(f"{versions}/thumbnails?{too_many}").status_code == 422


def publish_answered(server: RunningServer, folder: Path) -> None:
    """Pictures without labels that a model has answered."""
    with DatasetWriter(folder / "raw", kind="unlabelled", class_names=["cat", "dog"]) as writer:
        for number in range(4):
            writer.add(f"{number}.png", image=image_bytes(number))
    answers = {"label": [0, 1, 0, 1], "score": [0.9, 0.8, 0.7, 0.6]}
    Dataset.open(folder / "raw").derive(folder / "pets", layers={"predictions": answers})
    publish_dataset(server.platform, folder / "pets", "pets")


def test_answers_are_reviewed_over_http(
    server: RunningServer, developer: SignedIn, viewer: SignedIn, tmp_path: Path
) -> None:
    publish_answered(server, tmp_path)
    pets = "/api/v1/projects/default/datasets/pets/versions"
    body = {"accept": ["0.png", "1.png"], "reject": ["3.png"]}
    assert viewer.client.post(f"{pets}/1/reviews", json=body).status_code == 403
    made = developer.client.post(f"{pets}/1/reviews", json=body)
    assert (made.status_code, made.json()["version"]) == (201, 2)
    again = developer.client.post(f"{pets}/1/reviews", json=body)
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    keys = viewer.client.get(f"{pets}/2/sample-keys?verdict=none&limit=10000").json()
    assert keys == {"items": ["2.png"], "next_cursor": None, "num_matches": 1}
    assert viewer.client.get(f"{pets}/2/samples?verdict=perhaps").status_code == 422
    listed = viewer.client.get(f"{pets}/2/samples?verdict=rejected").json()["items"]
    assert [(each["key"], each["verdict"], each["verdict_by"]) for each in listed] == [
        ("3.png", "rejected", "dev")
    ]


def test_answers_are_reviewed_from_the_command_line(
    server: RunningServer, developer: SignedIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_answered(server, tmp_path)
    asked = TokenCreate(name="cli", scopes=["write"])
    token = tokens.create_token(server.platform, developer.caller, asked).token
    monkeypatch.setattr("kpl.cli.dataset.context", Context(server=server.url, token=token))

    def run(*words: str, given: str = "") -> str:
        result = CliRunner().invoke(app, ["review", "pets", *words], input=given, catch_exceptions=False)
        assert result.exit_code == 0
        return result.output

    assert "pets@2: 2 accepted, 0 rejected of 4 samples" in run(
        "--accept-list", "-", "-m", "sure", given="0.png\n1.png\n"
    )
    assert "pets@3: 1 accepted, 1 rejected of 4 samples" in run("--reject", "2.png", "--accept", "3.png")
    with pytest.raises(Invalid, match="Nothing is accepted"):
        run()
    with Client(server.url, token=token) as client:
        labels = {each.key: each.label for each in client.datasets.samples("pets", 3)}
        assert labels == {"0.png": "cat", "1.png": "dog", "2.png": None, "3.png": "dog"}
        assert [each.key for each in client.datasets.samples("pets", 3, verdict="rejected")] == ["2.png"]
        with pytest.raises(Invalid, match="at least one sample"):
            client.datasets.review("pets", 3)
