"""Which files of a dataset its versions need, and what becomes of those that a writer leaves without a version."""

from collections.abc import Iterable
from pathlib import Path

from kpl.dataset import layout
from kpl.dataset.manifest import load
from kpl.errors import KPLError


def needed_files(root: Path, versions: Iterable[int]) -> set[Path]:
    """Indexes and shards that some versions name."""
    needed = set()
    for number in versions:
        manifest = load(root, number)
        needed |= {layout.index_path(root, index.number) for index in manifest.indexes}
        needed |= {layout.index_path(root, split.index) for split in manifest.splits}
        for layer in manifest.layers:
            needed |= {layout.shard_path(root, layer.name, shard.id) for shard in layer.shards}
    return needed


def discard_shards(root: Path, shards: Iterable[tuple[str, str]], *, of_writer: str) -> None:
    """Delete shards (layer, id) of a writer that gives up, as far as no version names them.

    To be called by who has the door of the dataset. Shards are named by their content, so that equal ones of another
    writer (labels that are all alike, say) are the same file: while there is another writer, at work or interrupted,
    all stay until `gc`. One that begins when the door is open again writes its own files anew.
    """
    writing = root / layout.WRITING
    if any(other.name != of_writer for other in (writing.iterdir() if writing.is_dir() else ())):
        return
    try:
        needed = needed_files(root, layout.versions(root))
    except KPLError:  # a damaged version cannot say what it needs
        return
    for layer, shard_id in shards:
        file = layout.shard_path(root, layer, shard_id)
        if file not in needed:
            file.unlink(missing_ok=True)
            layout.remove_if_empty(file.parent)
