"""The targets a model can be compiled for: what each needs, how it is built, how it answers.

Everything starts from one ONNX file. A target that cannot be built here says what it needs; to add one, write
`build` and `open` and put a row into TARGETS.
"""

import importlib
import importlib.util
import os
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from network import Classifier
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]  # [N,H,W,3]
Answer = Callable[[Pixels], NDArray[np.float32]]  # -> probabilities [N,classes]


@dataclass(frozen=True, slots=True)
class Target:
    """One way to run a model.

    Args:
        runtime: what runs it; first part of the target's name.
        precision: of the weights; second part of the name.
        modules: Python modules that building needs here.
        needs: what to do where they, or the vendor's tools, are absent; `needs_zh` says it in Chinese.
        build: (onnx file, calibration pixels, empty folder) -> the model file to open. None: never built here.
        open: (model file, threads) -> function that answers.
    """

    runtime: str
    precision: str
    modules: tuple[str, ...]
    needs: str
    build: Callable[[Path, Pixels, Path], Path] | None = None
    open: Callable[[Path, int], Answer] | None = None
    needs_zh: str = ""

    @property
    def name(self) -> str:
        return f"{self.runtime}-{self.precision}"

    @property
    def is_available(self) -> bool:
        return self.build is not None and all(importlib.util.find_spec(module) for module in self.modules)


def export_onnx(classifier: Classifier, height: int, width: int, path: Path) -> None:
    """Write the classifier as ONNX with a free batch size; the file is checked by comparing answers afterwards.

    PyTorch's older exporter takes 0.3 s for this network, its successor 5 s; both give the same graph for plain
    convolutions, and torch is pinned, so the fast one serves until a network needs the other.
    """
    example = torch.zeros((1, height, width, 3), dtype=torch.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            classifier.cpu().eval(),
            (example,),
            str(path),
            input_names=["image"],
            output_names=["scores"],
            dynamic_axes={"image": {0: "batch"}, "scores": {0: "batch"}},
            opset_version=17,
            dynamo=False,
        )


def build_onnx(onnx: Path, calibration: Pixels, folder: Path) -> Path:
    del calibration
    path = folder / "model.onnx"
    path.write_bytes(onnx.read_bytes())
    return path


def build_onnx_int8(onnx: Path, calibration: Pixels, folder: Path) -> Path:
    """Static quantisation: int8 weights per channel, activations with ranges seen on the calibration images.

    Unsigned activations: with signed ones the int8 network was 2.5 times slower on a processor with AVX512-VNNI.
    """
    quantization: Any = importlib.import_module("onnxruntime.quantization")
    prepared = folder / "prepared.onnx"
    quantization.shape_inference.quant_pre_process(str(onnx), str(prepared), skip_symbolic_shape=True)

    class Reader(quantization.CalibrationDataReader):  # type: ignore[misc] # untyped library
        def __init__(self) -> None:
            self.batches = iter(np.array_split(calibration, max(1, len(calibration) // 16)))

        def get_next(self) -> dict[str, Pixels] | None:
            batch = next(self.batches, None)
            return None if batch is None else {"image": batch}

    path = folder / "model.onnx"
    quantization.quantize_static(
        str(prepared),
        str(path),
        Reader(),
        quant_format=quantization.QuantFormat.QDQ,
        op_types_to_quantize=["Conv", "Gemm", "MatMul", "Add", "Relu"],
        per_channel=True,
        activation_type=quantization.QuantType.QUInt8,
        weight_type=quantization.QuantType.QInt8,
    )
    prepared.unlink()
    return path


def open_onnx(path: Path, threads: int) -> Answer:
    onnxruntime: Any = importlib.import_module("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def answer(pixels: Pixels) -> NDArray[np.float32]:
        scores: NDArray[np.float32] = session.run(["scores"], {"image": pixels})[0]
        return scores

    return answer


def build_openvino_fp32(onnx: Path, calibration: Pixels, folder: Path) -> Path:
    del calibration
    return _save_openvino(_read_openvino(onnx), folder, compress_to_fp16=False)


def build_openvino_fp16(onnx: Path, calibration: Pixels, folder: Path) -> Path:
    del calibration
    return _save_openvino(_read_openvino(onnx), folder, compress_to_fp16=True)


def build_openvino_int8(onnx: Path, calibration: Pixels, folder: Path) -> Path:
    """Post-training quantisation by NNCF."""
    nncf: Any = importlib.import_module("nncf")
    data = nncf.Dataset([image[None] for image in calibration])
    quantised = nncf.quantize(_read_openvino(onnx), data, subset_size=len(calibration))
    return _save_openvino(quantised, folder, compress_to_fp16=False)


def _read_openvino(onnx: Path) -> Any:
    # The runtime's own reader, not convert_model: that one reports its use over the network.
    openvino: Any = importlib.import_module("openvino")
    return openvino.Core().read_model(str(onnx))


def _save_openvino(model: Any, folder: Path, *, compress_to_fp16: bool) -> Path:
    openvino: Any = importlib.import_module("openvino")
    path = folder / "model.xml"
    openvino.save_model(model, str(path), compress_to_fp16=compress_to_fp16)
    return path


def open_openvino(path: Path, threads: int) -> Answer:
    openvino: Any = importlib.import_module("openvino")
    # Left alone, OpenVINO may compute in bf16 and hide it; f32 leaves int8 parts of the graph as they are.
    config = {
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": threads,
        "PERFORMANCE_HINT": "LATENCY",
    }
    compiled = openvino.Core().compile_model(str(path), "CPU", config)

    def answer(pixels: Pixels) -> NDArray[np.float32]:
        scores: NDArray[np.float32] = compiled([pixels])[0]
        return np.array(scores)

    return answer


def silence_telemetry() -> None:
    """Keep ONNX Runtime and OpenVINO's tools from reporting their use, over the network or in the home folder."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment] # None: importing it fails


TARGETS = (
    Target("onnxruntime", "fp32", ("onnxruntime",), "pip install onnxruntime", build_onnx, open_onnx),
    Target(
        "onnxruntime",
        "int8",
        ("onnxruntime", "onnx"),
        "pip install onnxruntime onnx",
        build_onnx_int8,
        open_onnx,
    ),
    Target("openvino", "fp32", ("openvino",), "pip install openvino", build_openvino_fp32, open_openvino),
    Target("openvino", "fp16", ("openvino",), "pip install openvino", build_openvino_fp16, open_openvino),
    Target(
        "openvino",
        "int8",
        ("openvino", "nncf"),
        "pip install openvino nncf",
        build_openvino_int8,
        open_openvino,
    ),
    Target(
        "tensorrt",
        "fp16",
        (),
        "a machine with an NVIDIA GPU and TensorRT: `trtexec --onnx=model.onnx --fp16` there",
        needs_zh="带 NVIDIA GPU 和 TensorRT 的机器，并在其上运行 `trtexec --onnx=model.onnx --fp16`",
    ),
    Target(
        "tvm",
        "fp32",
        (),
        "Apache TVM and a tuned build for the device",
        needs_zh="`Apache TVM`，并为设备调优编译",
    ),
    Target(
        "cambricon",
        "fp16",
        (),
        "Cambricon's MagicMind toolchain, fed with onnxruntime-fp32/model.onnx",
        needs_zh="寒武纪 `MagicMind` 工具链，输入为 onnxruntime-fp32/model.onnx",
    ),
    Target(
        "ascend",
        "fp16",
        (),
        "Huawei's CANN toolchain: `atc --framework=5 --model=model.onnx` there",
        needs_zh="华为 `CANN` 工具链，并运行 `atc --framework=5 --model=model.onnx`",
    ),
)
