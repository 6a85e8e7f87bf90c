"""Train a classifier: dataset (and, if wanted, a model to start from) -> model.

Reads from top to bottom: what is asked for, data, network, the loop over epochs, the model. Everything random in an
epoch follows from (seed, epoch), so a training that was killed and resumed ends exactly where an undisturbed one does.
"""

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import checkpoint
import hardware
import numpy as np
import torch
from images import Images, labelled, suitable_size
from network import Classifier, Network, configure
from numpy.typing import NDArray
from saved import SavedClassifier, find_weights, load_matching, save_classifier
from torch import Tensor, nn

from kpl.algorithm import author
from kpl.dataset import Dataset

WARMUP_STEPS = 20
LAST = "last.safetensors"


@dataclass(frozen=True, slots=True)
class Data:
    """Pixels and labels by row number, and which rows are for what."""

    dataset: Dataset
    images: Images
    labels: NDArray[np.int64]
    train_rows: NDArray[np.int64]
    val_rows: NDArray[np.int64]
    height: int
    width: int


@dataclass(frozen=True, slots=True)
class Learner:
    """What changes while learning.

    Args:
        average: moving average of the network's weights; it is what is measured and kept.
        classifier: knows how pixels are normalised.
        frozen: modules whose running statistics stay still.
    """

    network: Network
    average: Network
    classifier: Classifier
    optimiser: torch.optim.Optimizer
    frozen: list[nn.Module]
    device: torch.device


def main() -> None:
    started_s = time.monotonic()
    parameters = author.parameters()
    device = hardware.choose_device()
    data = open_data(parameters)
    print(
        f"{len(data.train_rows)} samples to learn from, {len(data.val_rows)} to choose by, "
        f"at {data.height}x{data.width}"
    )
    num_samples = len(data.train_rows)
    batch_size = parameters.batch_size or min(64, max(8, num_samples // 16))
    num_batches = math.ceil(num_samples / batch_size)
    learner = make_learner(parameters, data, device)

    folder = author.checkpoints()
    state = resume(folder, learner)
    if state["epoch"]:
        author.note(
            f"Resumed after epoch {state['epoch']} of {parameters.epochs}",
            text_zh=f"从第 {state['epoch']} 轮之后继续，共 {parameters.epochs} 轮",
        )
    state["threads"] = state["threads"] or parameters.threads or find_threads(learner, data, batch_size)
    torch.set_num_threads(state["threads"])
    elapsed_before_s = state["elapsed_s"]

    def elapsed_s() -> float:
        """Seconds of learning in all attempts."""
        return float(elapsed_before_s + time.monotonic() - started_s)

    def done_share(step: int) -> float:
        """How much of the training is over after so many steps: by epochs or by time, whichever ends first."""
        budget_s = float(parameters.time_budget_s)
        by_time = elapsed_s() / budget_s if budget_s else 0.0
        return min(1.0, max(step / (int(parameters.epochs) * num_batches), by_time))

    def is_over() -> bool:
        is_stuck = parameters.patience and state["since_best"] >= parameters.patience
        return bool(state["epoch"] and (is_stuck or done_share(state["epoch"] * num_batches) >= 1))

    while not is_over():
        epoch = state["epoch"]
        loss, accuracy = learn_epoch(
            parameters, learner, data, epoch=epoch, num_batches=num_batches, done_share=done_share
        )
        state["epoch"] = epoch = epoch + 1
        val_loss, val_accuracy = evaluate(learner, data)
        author.metric("loss", loss, step=epoch)
        author.metric("accuracy", accuracy, step=epoch)
        author.metric("val_loss", val_loss, step=epoch)
        author.metric("val_accuracy", val_accuracy, step=epoch)
        author.metric("learning_rate", learner.optimiser.param_groups[0]["lr"], step=epoch)
        text = f"epoch {epoch} of {parameters.epochs}: loss {loss:.4f}, val_accuracy {val_accuracy:.4f}"
        author.progress(
            done_share(epoch * num_batches),
            text,
            message_zh=f"第 {epoch} / {parameters.epochs} 轮：损失 {loss:.4f}，验证准确率 {val_accuracy:.4f}",
        )
        print(text, flush=True)

        entry = {"epoch": epoch, "val_accuracy": val_accuracy, "val_loss": val_loss}
        remember_best(folder, state, learner.average, entry, keep=parameters.keep_best)
        state["elapsed_s"] = elapsed_s()
        save_state(folder, learner, state)
        forget_rest(folder, state)

    best = state["best"][0]
    weights, _ = checkpoint.load(folder / best["file"])
    learner.average.load_state_dict(weights)
    learner.classifier.network = learner.average
    save_classifier(
        author.output("model"),
        SavedClassifier(learner.classifier.eval(), list(data.dataset.class_names), data.height, data.width),
        metrics={"val_accuracy": best["val_accuracy"], "val_loss": best["val_loss"]},
        extra={"epoch": best["epoch"], "num_samples": num_samples, "hardware": hardware.describe(device)},
    )
    author.progress(
        1.0,
        f"best epoch {best['epoch']}: val_accuracy {best['val_accuracy']:.4f}",
        message_zh=f"第 {best['epoch']} 轮最好：验证准确率 {best['val_accuracy']:.4f}",
    )


def open_data(parameters: author.Parameters) -> Data:
    dataset = Dataset.open(author.input("dataset"))
    labels = np.asarray(dataset.columns("label"), dtype=np.int64)
    train_rows, val_rows = choose_rows(dataset, labels, parameters.val_fraction, parameters.seed)
    height, width = suitable_size(dataset)
    if parameters.image_size:
        height = width = parameters.image_size
    return Data(dataset, Images(dataset, height, width), labels, train_rows, val_rows, height, width)


def make_learner(parameters: author.Parameters, data: Data, device: torch.device) -> Learner:
    """A new network, from random weights or partly from the input `model`."""
    torch.manual_seed(parameters.seed)
    size = parameters.network
    if size == "auto":
        size = "small" if min(data.height, data.width) <= 32 else "medium"
    num_classes = len(data.dataset.class_names)
    config = configure(size, num_classes, data.height, data.width, dropout=parameters.dropout)
    network = Network(config)
    matched = start_from_given_model(network) if author.has_input("model") else []
    frozen = freeze(network, parameters.freeze, matched)
    mean, std = pixel_statistics(data, parameters.seed)
    classifier = Classifier(network, mean, std).to(device)
    classifier.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # lacking in its stubs
    optimiser = torch.optim.AdamW(
        parameter_groups(network, parameters.weight_decay), lr=parameters.learning_rate, fused=True
    )
    return Learner(network, copy.deepcopy(network).eval(), classifier, optimiser, frozen, device)


def learn_epoch(
    parameters: author.Parameters,
    learner: Learner,
    data: Data,
    *,
    epoch: int,
    num_batches: int,
    done_share: Callable[[int], float],
) -> tuple[float, float]:
    """Show every training image once; less when the time is over. Returns loss and accuracy while learning."""
    device, optimiser = learner.device, learner.optimiser
    torch.manual_seed(parameters.seed * 100_003 + epoch)
    order = np.random.default_rng([parameters.seed, epoch]).permutation(data.train_rows)
    loss_of = nn.CrossEntropyLoss(label_smoothing=parameters.label_smoothing)
    learner.network.train()
    for module in learner.frozen:
        module.eval()
    loss_sum, num_right, num_seen = 0.0, 0, 0
    for step, rows in enumerate(np.array_split(order, num_batches), start=epoch * num_batches):
        warmup = min(1.0, (step + 1) / WARMUP_STEPS)
        for group in optimiser.param_groups:
            group["lr"] = (
                parameters.learning_rate * warmup * (0.5 + 0.5 * math.cos(math.pi * done_share(step)))
            )

        x = learner.classifier.normalise(torch.from_numpy(data.images.batch(rows)).to(device))
        x = augment(x, parameters.augmentation, flip=parameters.flip)
        y = torch.from_numpy(data.labels[rows]).to(device)
        with hardware.autocast(device, parameters.precision):
            logits = learner.network(x.contiguous(memory_format=torch.channels_last))
        loss = loss_of(logits.float(), y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        # Over about two epochs, so that the average follows in short trainings, too.
        update_average(learner.average, learner.network, decay=1 - 1 / (2 * num_batches + 1))

        loss_sum += loss.item() * len(rows)
        num_right += int((logits.argmax(1) == y).sum())
        num_seen += len(rows)
        if done_share(step) >= 1:
            break
    return loss_sum / num_seen, num_right / num_seen


@torch.inference_mode()
def evaluate(learner: Learner, data: Data) -> tuple[float, float]:
    """Loss and accuracy of the averaged network on the validation rows, in float32."""
    rows = data.val_rows
    loss_sum, num_right = 0.0, 0
    for start in range(0, len(rows), 256):
        part = rows[start : start + 256]
        pixels = torch.from_numpy(data.images.batch(part)).to(learner.device)
        logits = learner.average(learner.classifier.normalise(pixels))
        y = torch.from_numpy(data.labels[part]).to(learner.device)
        loss_sum += nn.functional.cross_entropy(logits, y, reduction="sum").item()
        num_right += int((logits.argmax(1) == y).sum())
    return loss_sum / len(rows), num_right / len(rows)


def choose_rows(
    dataset: Dataset, labels: NDArray[np.int64], val_fraction: float, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row numbers to learn from and to choose by. The test split is never touched.

    Without a split `train` all rows outside `test` are learnt from; without a split `val` a stratified share of the
    training rows is set aside.
    """
    splits = dataset.split_rows()
    val = splits.get("val", np.empty(0, dtype=np.int64))
    rest = np.setdiff1d(np.arange(len(dataset)), np.concatenate([val, splits.get("test", val)]))
    train = labelled(dataset, splits.get("train", rest))
    val = labelled(dataset, val)
    if len(val) == 0:
        generator = np.random.default_rng(seed)
        shuffled = generator.permutation(train)
        # Sorting by label spreads the classes evenly; every k-th then gives each class its share.
        by_label = shuffled[np.argsort(labels[shuffled], kind="stable")]
        num_val = round(len(by_label) * val_fraction)
        is_val = np.zeros(len(by_label), dtype=np.bool_)
        is_val[((np.arange(num_val) + 0.5) * len(by_label) / max(1, num_val)).astype(np.int64)] = True
        train, val = np.sort(by_label[~is_val]), np.sort(by_label[is_val])
    if len(train) < 2:
        raise author.refusal(
            f"The dataset has {len(train)} labelled training samples of {len(dataset)} (splits {dataset.splits}), "
            "at least 2 are needed. Split it with the node `dataset_split`, or import more images.",
            text_zh=f"数据集共 {len(dataset)} 个样本，其中带标签的训练样本只有 {len(train)} 个，至少需要 2 个。"
            "请用 `dataset_split` 节点划分数据集，或导入更多图像。",
        )
    if len(val) == 0:
        author.note(
            "There are no validation samples: val_accuracy and val_loss are those of the training samples.",
            text_zh="没有验证样本：验证准确率和验证损失按训练样本计算。",
        )
        val = train
    return train, val


def pixel_statistics(data: Data, seed: int) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each channel in 0..1, over up to 1,000 training images."""
    some = np.random.default_rng(seed).permutation(data.train_rows)[:1000]
    pixels = data.images.batch(np.sort(some)).reshape(-1, 3).astype(np.float32) / 255
    return pixels.mean(0).tolist(), np.maximum(pixels.std(0), 0.02).tolist()


def start_from_given_model(network: Network) -> list[str]:
    """Partly load the input `model`; says in log and notes what matched. Returns the names of matched tensors."""
    report = load_matching(network, find_weights(author.input("model")))
    print("\n".join(report.lines()), flush=True)
    author.note(
        f"{report.lines()[0]}; the log names each",
        text_zh=f"沿用了已有模型的 {len(report.matched)} 个权重张量，详见日志",
    )
    author.metric("matched_tensors", len(report.matched))
    return report.matched


def freeze(network: Network, what: str, matched: list[str]) -> list[nn.Module]:
    """Exclude weights from learning: `none`, `features` (all but the head) or `matched` (what the given model brought).

    Returns the innermost modules that hold frozen weights; their running statistics have to stay still, too.
    """
    frozen = set()
    for name, parameter in network.named_parameters():
        if (what == "features" and not name.startswith("head.")) or (what == "matched" and name in matched):
            parameter.requires_grad_(False)
            frozen.add(name.rpartition(".")[0])
    return [module for name, module in network.named_modules() if name in frozen]


def parameter_groups(network: Network, weight_decay: float) -> list[dict[str, Any]]:
    """Weights decay; biases and normalisation (one-dimensional) do not."""
    learnt = [parameter for parameter in network.parameters() if parameter.requires_grad]
    if not learnt:
        raise author.refusal(
            "Every tensor is frozen, so nothing is left to learn. Set parameter `freeze` to `features` or `none`.",
            text_zh="全部权重都已冻结，没有可训练的内容。请将参数 `freeze` 设为 `features` 或 `none`。",
        )
    return [
        {"params": [parameter for parameter in learnt if parameter.ndim > 1], "weight_decay": weight_decay},
        {"params": [parameter for parameter in learnt if parameter.ndim <= 1], "weight_decay": 0.0},
    ]


STRENGTH = {"light": (8.0, 0.08, 0.10), "strong": (20.0, 0.20, 0.30)}  # degrees, scale and shift, brightness


def augment(x: Tensor, augmentation: str, *, flip: bool) -> Tensor:
    """Turn, scale, shift and light each image of [N,3,H,W] a little differently; mirror half of them if `flip`."""
    num = len(x)
    if augmentation != "none":
        degrees, extent, light = STRENGTH[augmentation]
        angle = (torch.rand(num) * 2 - 1) * math.radians(degrees)
        scale = 1 + (torch.rand(num) * 2 - 1) * extent
        shift = (torch.rand(num, 2) * 2 - 1) * extent * 2
        aspect = x.shape[3] / x.shape[2]
        cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
        rows = [
            torch.stack([cos, -sin / aspect, shift[:, 0]], 1),
            torch.stack([sin * aspect, cos, shift[:, 1]], 1),
        ]
        grid = nn.functional.affine_grid(torch.stack(rows, 1), list(x.shape), align_corners=False)
        x = nn.functional.grid_sample(x, grid.to(x), padding_mode="border", align_corners=False)
        x = x * (1 + (torch.rand(num, 1, 1, 1) * 2 - 1) * light).to(x)
    if flip:
        x = torch.where((torch.rand(num, 1, 1, 1) < 0.5).to(x.device), x.flip(3), x)
    return x


@torch.no_grad()
def update_average(average: Network, network: Network, decay: float) -> None:
    for kept, new in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if kept.is_floating_point():
            kept.lerp_(new, 1 - decay)
        else:
            kept.copy_(new)


def find_threads(learner: Learner, data: Data, batch_size: int) -> int:
    """The number of threads with which a copy of the network learns fastest just now."""
    trial = copy.deepcopy(learner.network).train()
    x = torch.zeros((batch_size, 3, data.height, data.width), device=learner.device)

    def try_a_step() -> None:
        with hardware.autocast(learner.device, "auto"):
            logits = trial(x.contiguous(memory_format=torch.channels_last))
        logits.float().logsumexp(1).mean().backward()

    return hardware.choose_threads(try_a_step)


def resume(folder: Path, learner: Learner) -> dict[str, Any]:
    """Take up what a killed attempt left, else begin. Returns epoch, time spent, best epochs, threads."""
    last = folder / LAST
    if not last.exists():
        return {"epoch": 0, "elapsed_s": 0.0, "best": [], "since_best": 0, "threads": 0}
    tensors, state = checkpoint.load(last)
    learner.network.load_state_dict(checkpoint.without_prefix("network/", tensors))
    learner.average.load_state_dict(checkpoint.without_prefix("average/", tensors))
    checkpoint.restore_optimiser(learner.optimiser, checkpoint.without_prefix("optimiser/", tensors))
    return state


def save_state(folder: Path, learner: Learner, state: dict[str, Any]) -> None:
    tensors = checkpoint.with_prefix("network/", learner.network.state_dict())
    tensors |= checkpoint.with_prefix("average/", learner.average.state_dict())
    tensors |= checkpoint.with_prefix("optimiser/", checkpoint.optimiser_tensors(learner.optimiser))
    checkpoint.save(folder / LAST, tensors, state)


def remember_best(
    folder: Path, state: dict[str, Any], average: Network, entry: dict[str, Any], *, keep: int
) -> None:
    """Keep the weights of the best epochs: higher accuracy, then lower loss, then later."""
    entry["file"] = f"best-{entry['epoch']:05d}.safetensors"
    ranked = sorted(
        [*state["best"], entry], key=lambda one: (-one["val_accuracy"], one["val_loss"], -one["epoch"])
    )
    state["since_best"] = 0 if ranked[0] is entry else state["since_best"] + 1
    state["best"] = ranked[:keep]
    if entry in state["best"]:
        checkpoint.save(folder / entry["file"], average.state_dict(), {"epoch": entry["epoch"]})


def forget_rest(folder: Path, state: dict[str, Any]) -> None:
    """Delete weights that are no longer among the best; only once the state that says so is on disk."""
    kept = {one["file"] for one in state["best"]}
    for path in folder.glob("best-*.safetensors"):
        if path.name not in kept:
            path.unlink()


if __name__ == "__main__":
    main()
