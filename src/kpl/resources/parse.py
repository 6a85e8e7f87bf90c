"""Amounts as people write them: `512Mi`, `2G`, `gpu:a100=4,npu=2`, `cpu=8,memory=64Gi`, `gpu=1 or cpu`."""

import re
from collections.abc import Mapping
from decimal import Decimal

from kpl.errors import Invalid
from kpl.resources.amounts import WHOLE_DEVICE_MILLI, Device, DeviceRequest, Enforcement
from kpl.sentence import Sentence, in_chinese

_UNITS_BYTES = {
    "": 1 << 20,  # a bare number counts MiB
    "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12,
    "ki": 1 << 10, "mi": 1 << 20, "gi": 1 << 30, "ti": 1 << 40,
}  # fmt: skip
_SIMULATED_MEMORY_MIB = 16384


def parse_memory_mib(text: str | int) -> int:
    """Read an amount of memory as whole MiB, rounded up; a bare number counts MiB already."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?i?)b?\s*", str(text), flags=re.IGNORECASE)
    if match is None or match[2].lower() not in _UNITS_BYTES:
        raise Invalid(
            Sentence(f"'{text}' is not an amount of memory.", f"“{text}”不是内存大小。"),
            hint=Sentence("Write it like 512Mi, 2Gi or 2G.", "写法如 512Mi、2Gi 或 2G。"),
        )
    size_bytes = float(match[1]) * _UNITS_BYTES[match[2].lower()]
    return max(1, -int(-size_bytes // (1 << 20)))


def format_memory(amount_mib: int) -> str:
    """Write an amount of memory so that reading it gives the same: `64Gi`, `1536Mi`."""
    return f"{amount_mib // 1024}Gi" if amount_mib and amount_mib % 1024 == 0 else f"{amount_mib}Mi"


_IN_MIB = ("memory", "storage")


def parse_amounts(text: str) -> dict[str, int]:
    """Read amounts of what quotas count, as in `cpu=8,memory=64Gi,gpu=4,gpu:a100=2,tasks=10,storage=100Gi`.

    Returns:
        amounts as in `kpl.resources.Amounts`; nothing for an empty text.
    """
    amounts: dict[str, int] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not re.fullmatch(_RESOURCE, name):
            raise Invalid(
                Sentence(f"'{part}' is no amount of anything.", f"“{part}”不是资源数量。"),
                hint=Sentence(
                    "Write NAME=AMOUNT, as in cpu=8,memory=64Gi,gpu=4,gpu:a100=2,tasks=10.",
                    "请写 NAME=AMOUNT，如 cpu=8,memory=64Gi,gpu=4,gpu:a100=2,tasks=10。",
                ),
            )
        if name in amounts:
            raise Invalid(
                Sentence(f"'{part}': '{name}' is given twice.", f"“{part}”：'{name}' 出现了两次。"),
                hint=Sentence("Remove one of them.", "请删除其中一个。"),
            )
        amounts[name] = _amount(part, name, value)
    return amounts


def format_amounts(amounts: Mapping[str, int]) -> str:
    """Write amounts so that reading them gives the same; CPU first, then memory, devices, tasks, storage."""
    return ",".join(f"{name}={format_amount(name, amounts[name])}" for name in sorted(amounts, key=_place))


def format_amount(name: str, amount: int) -> str:
    """One amount of a resource: `8`, `64Gi`, `0.5`."""
    if name in _IN_MIB:
        return format_memory(amount) if amount else "0"
    if name == "tasks":
        return str(amount)
    return f"{Decimal(amount) / 1000:f}".rstrip("0").rstrip(".") if amount % 1000 else str(amount // 1000)


_KIND = r"[a-z][a-z0-9]*"
_MODEL = r"[A-Za-z0-9][\w.-]*"
_RESOURCE = rf"{_KIND}(:{_MODEL})?"


def _amount(part: str, name: str, value: str) -> int:
    if name in _IN_MIB:
        try:
            return 0 if re.fullmatch(r"0+", value) else parse_memory_mib(value)
        except Invalid as err:
            raise Invalid(
                Sentence(f"'{part}': {err.message}", f"“{part}”：{in_chinese(err.message)}"), hint=err.hint
            ) from err
    if not re.fullmatch(r"\d{1,12}(\.\d{1,3})?", value):
        raise Invalid(
            Sentence(f"'{part}': '{value}' is not a number.", f"“{part}”：'{value}' 不是数字。"),
            hint=Sentence(f"Write it like {name}=4.", f"写法如 {name}=4。"),
        )
    if name == "tasks":
        if "." in value:
            raise Invalid(
                Sentence(f"'{part}': there are no parts of a task.", f"“{part}”：任务数须为整数。"),
                hint=Sentence("Write it like tasks=10.", "写法如 tasks=10。"),
            )
        return int(value)
    return int(Decimal(value) * 1000)


def _place(name: str) -> tuple[int, str]:
    order = {"cpu": 0, "memory": 1, "tasks": 3, "storage": 4}
    return (order.get(name, 2), name)


def parse_devices(text: str) -> tuple[tuple[DeviceRequest, ...], ...]:
    """Read which devices a task wants, the best first: `gpu:a100=2`, `gpu=0.5`, `gpu=8Gi or npu=1 or cpu`.

    A part is KIND[:MODEL[|MODEL...]][=AMOUNT]; the amount is a number of devices, a part of one as in 0.5, or memory
    of one as in 8Gi. `cpu` stands for no device.

    Returns:
        the sets of devices that will do, the preferred one first.
    """
    choices = tuple(_devices(choice) for choice in re.split(r"\s+or\s+", text.strip()))
    if () in choices[:-1]:
        raise Invalid(
            Sentence(
                f"'{text}': nothing after 'cpu' would ever be tried, since a task without devices fits first.",
                f"“{text}”：'cpu' 之后的都不会被尝试，因为不用设备的任务总能先满足。",
            ),
            hint=Sentence("Put 'cpu' last, as in 'gpu or cpu'.", "请把 'cpu' 放在最后，如 'gpu or cpu'。"),
        )
    for number, choice in enumerate(choices):
        if choice in choices[:number]:
            raise Invalid(
                Sentence(
                    f"'{text}' offers '{format_devices((choice,))}' twice.",
                    f"“{text}”中 '{format_devices((choice,))}' 出现了两次。",
                ),
                hint=Sentence("Remove one of them.", "请删除其中一个。"),
            )
    return choices


def format_devices(choices: tuple[tuple[DeviceRequest, ...], ...]) -> str:
    """Write devices so that reading them gives the same."""
    return " or ".join(",".join(map(_format_device, choice)) or "cpu" for choice in choices)


def _devices(text: str) -> tuple[DeviceRequest, ...]:
    parts = [piece.strip() for piece in text.split(",")]
    if parts == ["cpu"]:
        return ()
    return tuple(_device(part) for part in parts)


def _device(part: str) -> DeviceRequest:
    match = re.fullmatch(rf"({_KIND})(?::({_MODEL}(?:\|{_MODEL})*))?(?:\s*=\s*(.+))?", part)
    if match is None or match[1] in ("cpu", "or"):
        raise Invalid(
            Sentence(f"'{part}' asks for no device.", f"“{part}”没有请求设备。"),
            hint=Sentence(
                "Write KIND[:MODEL][=AMOUNT], as in gpu, gpu:a100=2, gpu=0.5, gpu=8Gi, 'gpu or cpu'.",
                "请写 KIND[:MODEL][=AMOUNT]，如 gpu、gpu:a100=2、gpu=0.5、gpu=8Gi、'gpu or cpu'。",
            ),
        )
    kind, models, amount = match[1], tuple((match[2] or "").split("|")) if match[2] else (), match[3] or "1"
    if re.search(r"[a-z]", amount, flags=re.IGNORECASE):
        try:
            return DeviceRequest(kind, models=models, share_mib=parse_memory_mib(amount))
        except Invalid as err:
            raise Invalid(
                Sentence(f"'{part}': {err.message}", f"“{part}”：{in_chinese(err.message)}"),
                hint=Sentence("Write it like gpu=8Gi.", "写法如 gpu=8Gi。"),
            ) from err
    share_milli = _amount(part, kind, amount)
    if share_milli % WHOLE_DEVICE_MILLI and share_milli > WHOLE_DEVICE_MILLI:
        raise Invalid(
            Sentence(f"'{part}': a share is of one device.", f"“{part}”：份额只针对一张设备。"),
            hint=Sentence(f"Write {kind}=0.5 or {kind}=2.", f"请写 {kind}=0.5 或 {kind}=2。"),
        )
    if share_milli == 0:
        raise Invalid(
            Sentence(f"'{part}' asks for nothing.", f"“{part}”请求数量为零。"),
            hint=Sentence(f"Write {kind}=1, or cpu for no device.", f"请写 {kind}=1；不用设备则写 cpu。"),
        )
    if share_milli < WHOLE_DEVICE_MILLI:
        return DeviceRequest(kind, share_milli=share_milli, models=models)
    return DeviceRequest(kind, share_milli // WHOLE_DEVICE_MILLI, models=models)


def _format_device(wanted: DeviceRequest) -> str:
    models = f":{'|'.join(wanted.models)}" if wanted.models else ""
    if wanted.share_mib:
        return f"{wanted.kind}{models}={format_memory(wanted.share_mib)}"
    return f"{wanted.kind}{models}={format_amount(wanted.kind, wanted.count * wanted.share_milli)}"


def parse_simulated_devices(text: str) -> tuple[Device, ...]:
    """Read `kind[:model[:memory]]=count[,...]`, as in `gpu:a100:80Gi=4,npu=2`, into devices numbered within their kind.

    A model with `mig-` in its name is a fixed instance, as NVIDIA's are named: `gpu:a100-mig-1g.10gb:10Gi=7`.
    """
    devices: list[Device] = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        match = re.fullmatch(r"([a-z][a-z0-9]*)(?::([\w.-]+))?(?::([\w.]+))?=(\d{1,4})", part)
        if match is None:
            raise Invalid(
                f"'{part}' names no devices.",
                hint="Write KIND[:MODEL[:MEMORY]]=COUNT, as in gpu:a100:80Gi=4.",
            )
        kind, model, count = match[1], match[2] or "", int(match[4])
        first = sum(1 for device in devices if device.kind == kind)
        memory_mib = parse_memory_mib(match[3]) if match[3] else _SIMULATED_MEMORY_MIB
        is_instance = "mig-" in model
        devices += [
            Device(
                kind=kind,
                index=index,
                vendor="simulated",
                model=model,
                memory_mib=memory_mib,
                uid=f"MIG-simulated-{index}" if is_instance else "",
                is_instance=is_instance,
                sharing=Enforcement.HARDWARE if is_instance else Enforcement.WATCHED,
            )
            for index in range(first, first + count)
        ]
    return tuple(devices)
