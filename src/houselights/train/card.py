"""What a trained model was made of: files by their hashes, rows, settings, versions."""

import hashlib
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

FILE = "model_card.json"
_OF_MODEL = (".json", ".safetensors", ".model", ".txt", ".jinja")
_CHUNK = 1 << 20


def sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def of_data(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        rows = sum(bool(line.strip()) for line in file)
    return {"file": path.name, "sha256": sha256(path), "rows": rows}


def model_hash(folder: Path) -> dict[str, str]:
    """One hash over names and hashes of the files that make a model, wherever its directory lies."""
    files = sorted(p for p in folder.iterdir() if p.is_file() and p.suffix in _OF_MODEL)
    digest = hashlib.sha256("\n".join(f"{p.name} {sha256(p)}" for p in files).encode())
    return {"name": folder.name, "sha256": digest.hexdigest()}


def versions(names: Sequence[str]) -> dict[str, str]:
    from houselights import __version__

    return {"houselights": __version__, **{name: version(name) for name in names}}


def device(place: Any) -> str:
    if place.device.type != "cuda":
        return "cpu"
    import torch

    return f"{place.world} x {torch.cuda.get_device_name(place.device)}"
