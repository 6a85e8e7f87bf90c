"""Open Inference Protocol v2: requests to samples and outputs to answers, as JSON or as binary tensors.

Binary tensors: the header `Inference-Header-Content-Length` gives the length of the JSON at the front of the
body; the bytes of each input that has a `binary_data_size` follow it in order, little-endian.
https://github.com/kserve/open-inference-protocol and its extension for binary tensor data.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from kpl.algorithm.author.serving.endpoint import Endpoint, Output, Sample
from kpl.algorithm.model import TensorSpec
from kpl.errors import Invalid, nearest

LENGTH_HEADER = "Inference-Header-Content-Length"

_DATATYPES = {
    "bool": "BOOL",
    "uint8": "UINT8", "uint16": "UINT16", "uint32": "UINT32", "uint64": "UINT64",
    "int8": "INT8", "int16": "INT16", "int32": "INT32", "int64": "INT64",
    "float16": "FP16", "float32": "FP32", "float64": "FP64",
}  # fmt: skip
_DTYPES = {datatype: dtype for dtype, datatype in _DATATYPES.items()}


class RequestInvalid(Invalid):
    """A request that cannot be answered as it is. `where` is the path of the part that is wrong."""

    code = "request_invalid"

    def __init__(self, message: str, *, where: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.where = where


@dataclass(frozen=True, slots=True)
class InferRequest:
    """A request as it is understood.

    Args:
        samples: one for each row of the batch.
        outputs: names of the wanted outputs, each with whether it goes back as binary data.
    """

    id: str
    samples: list[Sample]
    outputs: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class InferAnswer:
    """Body of an answer; `json_length` is set when binary tensors follow the JSON."""

    body: bytes
    json_length: int | None


def metadata(endpoint: Endpoint) -> dict[str, Any]:
    """Answer to `GET /v2/models/NAME`."""
    return {
        "name": endpoint.name,
        "versions": [endpoint.version],
        "platform": f"kpl_{endpoint.model.task}",
        "inputs": [_describe(spec) for spec in endpoint.inputs],
        "outputs": [_describe(spec) for spec in endpoint.outputs],
    }


def _describe(spec: TensorSpec) -> dict[str, Any]:
    return {"name": spec.name, "datatype": datatype_of(spec), "shape": list(spec.shape)}


def datatype_of(spec: TensorSpec) -> str:
    return _DATATYPES.get(spec.dtype, spec.dtype.upper())


def parse_request(endpoint: Endpoint, body: bytes, json_length: str | None) -> InferRequest:
    """Read the body of an infer request.

    Args:
        json_length: value of the header `Inference-Header-Content-Length`, None when it was not sent.
    Raises:
        RequestInvalid: it cannot be answered; what, where and the fix.
    """
    end = _parse_length(json_length, len(body))
    document = _parse_json(body[:end])
    arrays = dict(_parse_inputs(endpoint, document, memoryview(body)[end:]))
    sizes = {name: len(array) for name, array in arrays.items()}
    if len(set(sizes.values())) != 1:
        raise RequestInvalid(
            f"The inputs have different batch sizes: {sizes}.",
            where="inputs",
            hint="The first dimension of every input is the batch: make them equal.",
        )
    samples: list[Sample] = (
        list(next(iter(arrays.values())))
        if len(endpoint.inputs) == 1
        else [dict(zip(arrays, rows, strict=True)) for rows in zip(*arrays.values(), strict=True)]
    )
    if not samples:
        raise RequestInvalid("The batch is empty.", where="inputs[0].shape", hint="Send at least one sample.")
    return InferRequest(str(document.get("id", "")), samples, _wanted_outputs(endpoint, document))


def _parse_length(text: str | None, size: int) -> int:
    if text is None:
        return size
    if not text.isdecimal() or int(text) > size:
        raise RequestInvalid(
            f"The header says that {text!r} bytes of JSON stand at the front, but the body has {size} bytes.",
            where=LENGTH_HEADER,
            hint="Send the length of the JSON part in bytes.",
        )
    return int(text)


def _parse_json(data: bytes) -> dict[str, Any]:
    try:
        document = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
        raise RequestInvalid(
            f"The body is not JSON: {err}.", where="body", hint='Send {"inputs": [...]} as JSON.'
        ) from err
    if not isinstance(document, dict):
        raise RequestInvalid("The body is no JSON object.", where="body", hint='Send {"inputs": [...]}.')
    return document


def _parse_inputs(
    endpoint: Endpoint, document: dict[str, Any], binary: memoryview
) -> Iterator[tuple[str, NDArray[Any]]]:
    tensors = document.get("inputs")
    if not isinstance(tensors, list) or not all(isinstance(tensor, dict) for tensor in tensors):
        raise RequestInvalid("There is no list of inputs.", where="inputs", hint='Send {"inputs": [{...}]}.')
    specs = {spec.name: spec for spec in endpoint.inputs}
    seen: set[str] = set()
    for index, tensor in enumerate(tensors):
        where = f"inputs[{index}]"
        name = tensor.get("name")
        if not isinstance(name, str) or name not in specs or name in seen:
            what = (
                f"Input {name!r} comes twice." if name in list(seen) else f"The model has no input {name!r}."
            )
            raise RequestInvalid(what, where=f"{where}.name", hint=nearest(str(name), specs.keys() - seen))
        seen.add(name)
        array, binary = _parse_tensor(tensor, specs[name], where, binary)
        yield name, array
    missing = sorted(specs.keys() - seen)
    if missing:
        raise RequestInvalid(f"The input {missing[0]!r} is missing.", where="inputs", hint="Send all inputs.")
    if binary:
        raise RequestInvalid(
            f"{len(binary)} bytes are left over behind the last input.",
            where="body",
            hint="The sum of all binary_data_size must be the length of the binary part.",
        )


def _parse_tensor(
    tensor: dict[str, Any], spec: TensorSpec, where: str, binary: memoryview
) -> tuple[NDArray[Any], memoryview]:
    datatype = tensor.get("datatype")
    if datatype != datatype_of(spec):
        raise RequestInvalid(
            f"Input '{spec.name}' has the datatype {datatype!r}.",
            where=f"{where}.datatype",
            hint=f"The model takes {datatype_of(spec)}.",
        )
    shape = _parse_shape(tensor.get("shape"), spec, where)
    dtype = np.dtype(_DTYPES[datatype]).newbyteorder("<")
    parameters = tensor.get("parameters")
    size = parameters.get("binary_data_size") if isinstance(parameters, dict) else None
    if size is None:
        return _parse_data(tensor.get("data"), shape, dtype, f"{where}.data"), binary
    expected = math.prod(shape) * dtype.itemsize
    if size != expected or len(binary) < expected:
        raise RequestInvalid(
            f"Input '{spec.name}' of shape {list(shape)} takes {expected} bytes, but binary_data_size is "
            f"{size!r} and {len(binary)} bytes are left in the body.",
            where=f"{where}.parameters.binary_data_size",
            hint=f"Send the numbers as {datatype}, little-endian, in row order.",
        )
    return np.frombuffer(binary[:expected], dtype).reshape(shape), binary[expected:]


def _parse_shape(shape: Any, spec: TensorSpec, where: str) -> tuple[int, ...]:
    is_shape = isinstance(shape, list) and all(type(size) is int and 0 <= size < 2**31 for size in shape)
    # The batch dimension is free, whatever size the model was exported with.
    fits = is_shape and len(shape) == len(spec.shape) and all(map(_fits, shape[1:], spec.shape[1:]))
    if not fits:
        raise RequestInvalid(
            f"Input '{spec.name}' has the shape {shape!r}.",
            where=f"{where}.shape",
            hint=f"The model takes {[-1, *spec.shape[1:]]}, where -1 is any size.",
        )
    return tuple(shape)


def _fits(size: int, wanted: int) -> bool:
    return wanted in (-1, size)


def _parse_data(data: Any, shape: tuple[int, ...], dtype: np.dtype[Any], where: str) -> NDArray[Any]:
    try:
        if not isinstance(data, list):
            raise ValueError(f"it is {type(data).__name__}, not a list")
        plain = np.asarray(data)
        if plain.dtype.kind not in "biuf":
            raise ValueError("it holds something that is no number")
        array = plain.astype(dtype, casting="same_kind" if plain.dtype.kind != "f" else "unsafe")
        if dtype.kind in "iu" and plain.size and not np.array_equal(array, plain):
            raise ValueError(f"a number does not fit {dtype.name}")
        return array.reshape(shape)
    except (ValueError, TypeError, OverflowError) as err:
        raise RequestInvalid(
            f"The data cannot be read as {dtype.name} of shape {list(shape)}: {err}.",
            where=where,
            hint=f"Send {math.prod(shape)} numbers, flat or nested as the shape says.",
        ) from err


def _wanted_outputs(endpoint: Endpoint, document: dict[str, Any]) -> dict[str, bool]:
    all_binary = _flag(document.get("parameters"), "binary_data_output")
    known = [spec.name for spec in endpoint.outputs]
    wanted = document.get("outputs")
    if not wanted:
        return dict.fromkeys(known, all_binary)
    if not isinstance(wanted, list) or not all(isinstance(each, dict) for each in wanted):
        raise RequestInvalid(
            "'outputs' is no list of objects.", where="outputs", hint='Send [{"name": ...}].'
        )
    for index, each in enumerate(wanted):
        if each.get("name") not in known:
            raise RequestInvalid(
                f"The model has no output {each.get('name')!r}.",
                where=f"outputs[{index}].name",
                hint=nearest(str(each.get("name")), known),
            )
    return {each["name"]: _flag(each.get("parameters"), "binary_data", default=all_binary) for each in wanted}


def _flag(parameters: Any, name: str, *, default: bool = False) -> bool:
    return bool(parameters.get(name, default)) if isinstance(parameters, dict) else default


def write_answer(endpoint: Endpoint, request: InferRequest, outputs: list[Output]) -> InferAnswer:
    """The body of the answer to an infer request."""
    tensors: list[dict[str, Any]] = []
    blobs: list[bytes] = []
    for spec in endpoint.outputs:
        if spec.name not in request.outputs:
            continue
        array = np.stack([np.asarray(_pick(output, spec, endpoint)) for output in outputs]).astype(spec.dtype)
        tensor: dict[str, Any] = {
            "name": spec.name, "datatype": datatype_of(spec), "shape": list(array.shape),
        }  # fmt: skip
        if request.outputs[spec.name]:
            blobs.append(array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes())
            tensor["parameters"] = {"binary_data_size": len(blobs[-1])}
        else:
            tensor["data"] = array.ravel().tolist()
        tensors.append(tensor)
    document = {"model_name": endpoint.name, "model_version": endpoint.version, "outputs": tensors}
    if request.id:
        document["id"] = request.id
    text = msgspec.json.encode(document)
    return InferAnswer(b"".join((text, *blobs)), len(text) if blobs else None)


def _pick(output: Output, spec: TensorSpec, endpoint: Endpoint) -> Any:
    if isinstance(output, Mapping):
        return output[spec.name]
    if len(endpoint.outputs) > 1:
        names = [each.name for each in endpoint.outputs]
        raise RuntimeError(
            f"the model has the outputs {names}: predict_batch must give a dict for each sample"
        )
    return output
