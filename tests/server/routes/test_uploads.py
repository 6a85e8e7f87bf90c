"""Uploading over HTTP."""

import hashlib
from typing import Any

import httpx

from kpl.testing.server import SignedIn

UPLOADS = "/api/v1/projects/default/uploads"
CONTENT = bytes(range(256)) * 12_000  # 3 MiB: several blocks


def announce(client: httpx.Client, content: bytes = CONTENT) -> dict[str, Any]:
    body = {
        "filename": "digits.zip",
        "size_bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    answer = client.post(UPLOADS, json=body)
    assert answer.status_code == 201, answer.text
    result: dict[str, Any] = answer.json()
    return result


def append(client: httpx.Client, upload_id: int, offset: int, data: bytes) -> httpx.Response:
    headers = {"Upload-Offset": str(offset), "Content-Type": "application/octet-stream"}
    return client.patch(f"{UPLOADS}/{upload_id}", content=data, headers=headers)


def test_a_file_arrives_in_pieces(developer: SignedIn) -> None:
    client = developer.client
    upload = announce(client)
    half = len(CONTENT) // 2
    first = append(client, upload["id"], 0, CONTENT[:half])
    assert (first.status_code, first.headers["upload-offset"]) == (204, str(half))
    assert client.get(f"{UPLOADS}/{upload['id']}").json()["offset"] == half
    append(client, upload["id"], half, CONTENT[half:])
    done = client.post(f"{UPLOADS}/{upload['id']}/complete").json()
    assert done["is_complete"]


def test_a_wrong_offset_is_answered_with_the_right_one(developer: SignedIn) -> None:
    upload = announce(developer.client)
    append(developer.client, upload["id"], 0, CONTENT[:100])
    answer = append(developer.client, upload["id"], 50, CONTENT[50:])
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_offset")
    assert answer.headers["upload-offset"] == "100"


def test_a_file_may_be_larger_than_other_bodies(developer: SignedIn) -> None:
    content = b"\0" * (17 << 20)
    upload = announce(developer.client, content)
    assert append(developer.client, upload["id"], 0, content).status_code == 204


def test_more_than_announced_is_refused(developer: SignedIn) -> None:
    upload = announce(developer.client, CONTENT[:1000])
    answer = append(developer.client, upload["id"], 0, CONTENT)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_viewer_cannot_upload(viewer: SignedIn, developer: SignedIn) -> None:
    upload = announce(developer.client)
    assert append(viewer.client, upload["id"], 0, CONTENT).status_code == 403
    assert viewer.client.post(f"{UPLOADS}/{upload['id']}/complete").status_code == 403


def test_an_upload_can_be_given_up(developer: SignedIn) -> None:
    upload = announce(developer.client)
    assert developer.client.delete(f"{UPLOADS}/{upload['id']}").status_code == 204
    assert developer.client.get(f"{UPLOADS}/{upload['id']}").status_code == 404
