"""Traces of kind media: the same picture or film, by the export's own hash of the file, or by a perceptual hash of a local picture.

A perceptual hash (discrete cosine transform, 64 bits; the library ImageHash) survives another size, format or compression. Pictures without
structure, such as one colour, look alike to it and are left out. Needs the extra `media`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from houselights.core.paths import literally

MIN_SPREAD = 4.0  # standard deviation of grey, 0 to 255; below it there is nothing to compare
MAX_PIXELS = 100_000_000
_LOCAL = """
SELECT DISTINCT m.url FROM (SELECT unnest(media) AS m FROM read_parquet($posts))
WHERE m.url IS NOT NULL AND coalesce(m.hash, '') = '' AND NOT contains(m.url, '://')
"""
_SCHEMA = pa.schema([("url", pa.string()), ("hash", pa.string())])

MEDIA = """
SELECT DISTINCT p.author_id AS account_id, 'media' AS kind,
       'media:' || coalesce(nullif(p.m.hash, ''), 'picture-' || l.hash) AS object_id, p.post_id, p.created_at AS "at"
FROM (SELECT *, unnest(media) AS m FROM posts_with_text WHERE len(media) > 0) p LEFT JOIN local_pictures l ON l.url = p.m.url
WHERE p.kind <> 'repost' AND coalesce(nullif(p.m.hash, ''), l.hash) IS NOT NULL
"""


def local_pictures(
    con: duckdb.DuckDBPyConnection, posts_path: Path, folders: Sequence[str]
) -> tuple[pa.Table, str | None]:
    """(url, hash) of each picture that the posts name by a path and that lies under one of the folders; and why none could be read."""
    urls = [url for (url,) in con.execute(_LOCAL, {"posts": literally(posts_path)}).fetchall()]
    files = {url: file for url in sorted(urls) if (file := _file(url, folders))}
    if not files:
        return _SCHEMA.empty_table(), None
    try:
        import imagehash
        from PIL import Image
    except ImportError:
        return _SCHEMA.empty_table(), (
            f"{len(files):,} media files lie beside the data, but what compares pictures is not installed: pip install 'houselights[media]'"
        )
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    found: dict[str, list[str]] = {"url": [], "hash": []}
    for url, file in files.items():
        if (hash_ := _picture_hash(file, Image, imagehash)) is not None:
            found["url"].append(url)
            found["hash"].append(hash_)
    return pa.Table.from_pydict(found, _SCHEMA), None


def _file(url: str, folders: Sequence[str]) -> Path | None:
    """The file of this name under a folder, never outside of it."""
    for folder in folders:
        root = Path(folder).resolve()
        try:
            path = (root / url).resolve()
            if path.is_relative_to(root) and path.is_file():
                return path
        except (OSError, ValueError):  # a name that no file can have
            continue
    return None


def _picture_hash(file: Path, image: Any, imagehash: Any) -> str | None:
    """16 hex digits; None for what is no picture, or one without structure."""
    try:
        with image.open(file) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                return None
            grey = picture.convert("L").resize((32, 32))
            if _spread(grey.tobytes()) < MIN_SPREAD:
                return None
            return str(imagehash.phash(picture))
    except Exception:  # whatever a damaged picture raises: it is one trace less
        return None


def _spread(grey: bytes) -> float:
    mean = sum(grey) / len(grey)
    return float((sum((g - mean) ** 2 for g in grey) / len(grey)) ** 0.5)
