import asyncio
import json
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from kpl.algorithm.author import ModelManifest, save_model
from kpl.algorithm.author.serving.app import Service, make_app
from kpl.algorithm.author.serving.endpoint import Endpoint
from kpl.errors import Invalid

_SIGNATURE = {
    "inputs": [{"name": "image", "dtype": "float32", "shape": [-1, 2, 2]}],
    "outputs": [{"name": "scores", "dtype": "float32", "shape": [-1, 3]}],
}


def brightness_scores(samples: list[NDArray[np.float32]]) -> list[NDArray[Any]]:
    """Scores of the classes dark, middle, bright."""
    means = [float(sample.mean()) for sample in samples]
    return [np.array([1 - mean, 0, mean], np.float32) for mean in means]


def decode(data: bytes) -> NDArray[Any]:
    with Image.open(BytesIO(data)) as image:
        return np.asarray(image.convert("L").resize((2, 2)), np.float32) / 255


def picture(grey: int) -> bytes:
    file = BytesIO()
    Image.new("L", (5, 4), grey).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def model(tmp_path: Path) -> ModelManifest:
    (tmp_path / "weights").write_bytes(b"w")
    return save_model(
        tmp_path, task="classification", classes=["dark", "middle", "bright"], signature=_SIGNATURE
    )


@asynccontextmanager
async def client(
    model: ModelManifest, base_path: str = "", **options: Any
) -> AsyncIterator[httpx.AsyncClient]:
    endpoint = Endpoint(
        **{"predict_batch": brightness_scores, "decode": decode, "name": "digits", **options}, model=model
    )
    service = Service(endpoint)
    transport = httpx.ASGITransport(make_app(service, base_path=base_path))
    async with (
        service.running(),
        httpx.AsyncClient(transport=transport, base_url="http://endpoint") as session,
    ):
        yield session


def infer_body(**changes: Any) -> dict[str, Any]:
    tensor = {"name": "image", "shape": [1, 2, 2], "datatype": "FP32", "data": [0.0, 1.0, 1.0, 1.0]}
    return {"id": "7", "inputs": [{**tensor, **changes}]}


def run(check: Any) -> None:
    asyncio.run(check)


def test_health_and_metadata_are_those_of_the_open_inference_protocol(model: ModelManifest) -> None:
    async def check() -> None:
        async with client(model) as http:
            assert (await http.get("/v2")).json()["extensions"] == ["binary_tensor_data"]
            for path in ("/v2/health/live", "/v2/health/ready", "/v2/models/digits/ready"):
                assert (await http.get(path)).status_code == 200
            described = (await http.get("/v2/models/digits/versions/1")).json()
            assert described["inputs"] == [{"name": "image", "datatype": "FP32", "shape": [-1, 2, 2]}]
            assert described["outputs"] == [{"name": "scores", "datatype": "FP32", "shape": [-1, 3]}]
            missing = await http.get("/v2/models/digit")
            assert missing.status_code == 404
            assert "Did you mean 'digits'" in missing.json()["hint"]
            assert (await http.get("/v2/models/digits/versions/2")).status_code == 404

    run(check())


@pytest.mark.parametrize("form", ["multipart", "image/png", "application/octet-stream"])
def test_an_image_gets_a_typed_answer(model: ModelManifest, form: str) -> None:
    async def check() -> None:
        async with client(model) as http:
            if form == "multipart":
                response = await http.post("/predict", files={"anything": ("x.png", picture(204))})
            else:
                headers = {"content-type": form}
                response = await http.post("/predict", content=picture(204), headers=headers)
            answer = response.json()
            assert answer["type"] == "classification"
            assert (answer["label"], answer["class_id"]) == ("bright", 2)
            assert [each["label"] for each in answer["scores"]] == ["bright", "dark", "middle"]
            assert answer["scores"][0]["score"] == pytest.approx(0.8)
            assert answer["model"] == "digits/1"
            assert answer["latency_ms"] > 0

    run(check())


def test_an_algorithm_may_answer_in_its_own_type(model: ModelManifest) -> None:
    async def check() -> None:
        def answer(output: NDArray[np.float32]) -> Mapping[str, Any]:
            return {"type": "brightness", "value": round(float(output[2]), 2)}

        async with client(model, answer=answer) as http:
            body = (await http.post("/predict", files={"f": picture(255)})).json()
            assert (body["type"], body["value"]) == ("brightness", 1.0)

    run(check())


def test_tensors_in_json_are_answered_flat_or_nested(model: ModelManifest) -> None:
    async def check() -> None:
        async with client(model) as http:
            for data in ([0, 1, 1, 1], [[[0, 1], [1, 1]]]):
                response = await http.post("/v2/models/digits/infer", json=infer_body(data=data))
                assert response.json() == {
                    "model_name": "digits",
                    "model_version": "1",
                    "id": "7",
                    "outputs": [
                        {"name": "scores", "datatype": "FP32", "shape": [1, 3], "data": [0.25, 0.0, 0.75]}
                    ],
                }

    run(check())


def binary_request(batch: NDArray[np.float32], *, wants_binary: bool) -> tuple[bytes, dict[str, str]]:
    raw = batch.astype("<f4").tobytes()
    tensor: dict[str, Any] = {"name": "image", "shape": list(batch.shape), "datatype": "FP32"}
    tensor["parameters"] = {"binary_data_size": len(raw)}
    head = {"inputs": [tensor], "parameters": {"binary_data_output": wants_binary}}
    text = json.dumps(head).encode()
    return text + raw, {"Inference-Header-Content-Length": str(len(text))}


@settings(max_examples=20, deadline=None)
@given(num=st.integers(1, 20), seed=st.integers(0, 99))
def test_binary_and_json_tensors_get_the_same_numbers(
    tmp_path_factory: pytest.TempPathFactory, num: int, seed: int
) -> None:
    model = save_model(
        tmp_path_factory.mktemp("model"), task="classification", classes=["a", "b", "c"], signature=_SIGNATURE
    )
    batch = np.random.default_rng(seed).random((num, 2, 2), np.float32)

    async def check() -> None:
        async with client(model) as http:
            content, headers = binary_request(batch, wants_binary=True)
            binary = await http.post("/v2/models/digits/infer", content=content, headers=headers)
            length = int(binary.headers["Inference-Header-Content-Length"])
            head = json.loads(binary.content[:length])
            tensor = head["outputs"][0]
            assert tensor["parameters"]["binary_data_size"] == len(binary.content) - length
            scores = np.frombuffer(binary.content[length:], "<f4").reshape(tensor["shape"])
            np.testing.assert_array_equal(scores, np.stack(brightness_scores(list(batch))))
            plain = await http.post(
                "/v2/models/digits/infer", json=infer_body(shape=[num, 2, 2], data=batch.tolist())
            )
            np.testing.assert_allclose(plain.json()["outputs"][0]["data"], scores.ravel(), rtol=1e-6)

    run(check())


@pytest.mark.parametrize(
    ("changes", "where", "hint"),
    [
        ({"name": "imag"}, "inputs[0].name", "Did you mean 'image'?"),
        ({"datatype": "FP64"}, "inputs[0].datatype", "The model takes FP32."),
        ({"shape": [1, 2, 3]}, "inputs[0].shape", "The model takes [-1, 2, 2]"),
        ({"shape": "x"}, "inputs[0].shape", "The model takes [-1, 2, 2]"),
        ({"shape": [0, 2, 2], "data": []}, "inputs[0].shape", "at least one sample"),
        ({"data": [1, 2, 3]}, "inputs[0].data", "Send 4 numbers"),
        ({"data": ["a", "b", "c", "d"]}, "inputs[0].data", "Send 4 numbers"),
        ({"data": [[1], [2, 3]]}, "inputs[0].data", "Send 4 numbers"),
        ({"data": None}, "inputs[0].data", "Send 4 numbers"),
        ({"parameters": {"binary_data_size": 16}}, "inputs[0].parameters.binary_data_size", "little-endian"),
    ],
)
def test_a_bad_tensor_is_refused_with_place_and_fix(
    model: ModelManifest, changes: dict[str, Any], where: str, hint: str
) -> None:
    async def check() -> None:
        async with client(model) as http:
            response = await http.post("/v2/models/digits/infer", json=infer_body(**changes))
            problem = response.json()
            assert response.status_code == 400
            assert response.headers["content-type"] == "application/problem+json"
            assert (problem["where"], problem["code"]) == (where, "request_invalid")
            assert hint in problem["hint"]
            assert problem["error"]

    run(check())


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (b"{", {}),
        (b"[]", {}),
        (b"{}", {}),
        (b"\xff\xfe", {}),
        (b'{"inputs": []}', {}),
        (b"{}", {"Inference-Header-Content-Length": "99"}),
        (b"{}", {"Inference-Header-Content-Length": "-1"}),
        (b'{"inputs": [1]}', {}),
    ],
)
def test_a_body_that_is_no_request_is_refused(
    model: ModelManifest, content: bytes, headers: dict[str, str]
) -> None:
    async def check() -> None:
        async with client(model) as http:
            response = await http.post("/v2/models/digits/infer", content=content, headers=headers)
            assert response.status_code == 400
            assert response.json()["where"]

    run(check())


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_request_makes_the_endpoint_fail(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    model = save_model(
        tmp_path_factory.mktemp("model"), task="classification", classes=["a", "b", "c"], signature=_SIGNATURE
    )
    values = st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
        max_leaves=6,
    )
    changes = data.draw(
        st.dictionaries(st.sampled_from(["name", "shape", "datatype", "data", "parameters"]), values)
    )

    async def check() -> None:
        async with client(model) as http:
            response = await http.post("/v2/models/digits/infer", json=infer_body(**changes))
            assert response.status_code in (200, 400)

    run(check())


def test_what_is_no_image_is_refused(model: ModelManifest) -> None:
    async def check() -> None:
        async with client(model) as http:
            broken = await http.post("/predict", files={"f": picture(3)[:40]})
            assert (broken.status_code, broken.json()["where"]) == (400, "body")
            assert "可能不是图像或已损坏" in broken.json()["detail_zh"]
            assert broken.json()["hint_zh"]
            text = await http.post("/predict", content=b"x", headers={"content-type": "text/plain"})
            assert text.status_code == 415
            assert "curl -F" in text.json()["hint"]
            field = await http.post("/predict", data={"image": "photo.jpg"}, files={})
            assert field.status_code == 415
            empty = await http.post("/predict", content=b"", headers={"content-type": "image/png"})
            assert empty.status_code == 400

    run(check())


def test_a_form_without_a_file_is_refused_with_the_usual_cause(model: ModelManifest) -> None:
    async def check() -> None:
        async with client(model) as http:
            body = b'--x\r\nContent-Disposition: form-data; name="image"\r\n\r\nphoto.jpg\r\n--x--\r\n'
            headers = {"content-type": "multipart/form-data; boundary=x"}
            response = await http.post("/predict", content=body, headers=headers)
            assert response.status_code == 400
            assert "mind the @" in response.json()["hint"]

    run(check())


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_over_the_limit_is_refused(model: ModelManifest, announced: bool) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield bytes(600)

    async def check() -> None:
        async with client(model, max_body_bytes=1000) as http:
            content = bytes(1800) if announced else pieces()
            for path in ("/predict", "/v2/models/digits/infer"):
                response = await http.post(path, content=content, headers={"content-type": "image/png"})
                content = bytes(1800)
                assert response.status_code == 413
                assert response.json()["code"] == "too_large"

    run(check())


def test_requests_that_wait_together_share_a_batch(model: ModelManifest) -> None:
    sizes: list[int] = []
    go = threading.Event()

    def slow(samples: list[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        go.wait(10)
        sizes.append(len(samples))
        return brightness_scores(samples)

    async def check() -> None:
        async with client(model, predict_batch=slow, max_batch=4) as http:
            requests = [asyncio.create_task(http.post("/predict", files={"f": picture(i)})) for i in range(9)]
            await asyncio.sleep(0)
            threading.Timer(0.3, go.set).start()
            answers = [(await request).json() for request in requests]
        dark = [next(s["score"] for s in answer["scores"] if s["label"] == "bright") for answer in answers]
        assert dark == pytest.approx([i / 255 for i in range(9)], abs=1e-6)
        assert sum(sizes) == 9
        assert max(sizes) == 4
        assert len(sizes) <= 4

    run(check())


def test_one_bad_sample_does_not_fail_the_others_of_its_batch(model: ModelManifest) -> None:
    def picky(samples: list[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        if any(sample.mean() > 0.9 for sample in samples):
            raise ValueError("too bright")
        return brightness_scores(samples)

    async def check() -> None:
        async with client(model, predict_batch=picky, max_delay_s=0.5) as http:
            greys = (0, 255, 10)
            responses = await asyncio.gather(*(http.post("/predict", files={"f": picture(g)}) for g in greys))
            assert [response.status_code for response in responses] == [200, 500, 200]
            assert "too bright" in responses[1].json()["detail"]

    run(check())


def test_what_the_algorithm_refuses_is_the_requests_fault(model: ModelManifest) -> None:
    def refuse(samples: list[Any]) -> list[Any]:
        raise Invalid("The image is too small.", hint="Send a larger one.")

    async def check() -> None:
        async with client(model, predict_batch=refuse) as http:
            response = await http.post("/predict", files={"f": picture(0)})
            assert (response.status_code, response.json()["hint"]) == (400, "Send a larger one.")

    run(check())


@pytest.mark.parametrize("outputs", [[], [np.zeros(2)], ["x"]])
def test_outputs_that_do_not_fit_the_model_are_reported_as_its_fault(
    model: ModelManifest, outputs: list[Any]
) -> None:
    async def check() -> None:
        async with client(model, predict_batch=lambda samples: outputs) as http:
            response = await http.post("/predict", files={"f": picture(0)})
            assert (response.status_code, response.json()["code"]) == (500, "prediction_failed")

    run(check())


def test_too_many_waiting_requests_are_sent_away(model: ModelManifest) -> None:
    go = threading.Event()

    def slow(samples: list[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        go.wait(10)
        return brightness_scores(samples)

    async def check() -> None:
        async with client(model, predict_batch=slow, max_batch=1, max_waiting=2) as http:
            requests = [asyncio.create_task(http.post("/predict", files={"f": picture(0)})) for _ in range(8)]
            threading.Timer(0.3, go.set).start()
            statuses = [(await request).status_code for request in requests]
            assert statuses.count(200) in (2, 3)
            assert set(statuses) == {200, 503}

    run(check())


def test_the_metrics_count_requests_errors_and_times(model: ModelManifest) -> None:
    async def check() -> None:
        async with client(model) as http:
            await http.post("/predict", files={"f": picture(0)})
            await http.post("/predict", content=b"x", headers={"content-type": "text/plain"})
            text = (await http.get("/metrics")).text
            assert 'kpl_endpoint_requests_total{route="predict",status="200"} 1.0' in text
            assert 'kpl_endpoint_errors_total{code="unsupported_media",route="predict"} 1.0' in text
            assert 'kpl_endpoint_request_seconds_count{route="predict"} 2.0' in text
            assert "kpl_endpoint_batch_size_count 1.0" in text

    run(check())


def test_paths_work_with_and_without_the_base_path(model: ModelManifest) -> None:
    async def check() -> None:
        async with client(model, base_path="/serve/default/digits/") as http:
            for path in ("/v2/health/ready", "/serve/default/digits/v2/health/ready"):
                assert (await http.get(path)).status_code == 200
            assert (await http.get("/nowhere")).json()["status"] == 404

    run(check())


def test_a_model_with_several_inputs_and_outputs_is_served_by_name(tmp_path: Path) -> None:
    signature = {
        "inputs": [
            {"name": "a", "dtype": "int64", "shape": [-1, 2]},
            {"name": "b", "dtype": "bool", "shape": [-1]},
        ],
        "outputs": [
            {"name": "sum", "dtype": "int64", "shape": [-1]},
            {"name": "copy", "dtype": "int64", "shape": [-1, 2]},
        ],
    }
    model = save_model(tmp_path, task="arithmetic", signature=signature)

    def predict(samples: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{"sum": s["a"].sum() * (1 if s["b"] else -1), "copy": s["a"]} for s in samples]

    inputs = [
        {"name": "b", "shape": [2], "datatype": "BOOL", "data": [True, False]},
        {"name": "a", "shape": [2, 2], "datatype": "INT64", "data": [[1, 2], [3, 4]]},
    ]

    async def check() -> None:
        async with client(model, predict_batch=predict, decode=None) as http:
            both = (await http.post("/v2/models/digits/infer", json={"inputs": inputs})).json()
            assert [tensor["data"] for tensor in both["outputs"]] == [[3, -7], [1, 2, 3, 4]]
            one = {"inputs": inputs, "outputs": [{"name": "sum"}]}
            only = (await http.post("/v2/models/digits/infer", json=one)).json()
            assert [tensor["name"] for tensor in only["outputs"]] == ["sum"]
            missing = await http.post("/v2/models/digits/infer", json={"inputs": inputs[:1]})
            assert "'a' is missing" in missing.json()["detail"]
            assert (await http.post("/predict", files={"f": b"x"})).status_code == 415

    run(check())
