"""Opens an input file by its content: compression, encoding, line ends. Hands on clean UTF-8 blocks, never the whole file."""

import codecs
import contextlib
import gzip
import hashlib
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import zstandard
from charset_normalizer import from_bytes

from houselights.core.errors import HouselightsError
from houselights.ingest import workbook

BLOCK_BYTES = 4 << 20  # smaller ones stay in the processor's cache
TABLE_HEAD_BYTES = 1 << 20
JSON_HEAD_BYTES = 17 << 20
ENCODING_SCAN_BYTES = 64 << 20  # of a table; JSON is UTF-8 or says otherwise at once
MAX_RATIO = 200  # ordinary text compresses 3 to 30 times
MAX_INFLATED_BYTES = 2 << 30  # below this size any ratio is harmless
REPLACEMENT = "\ufffd".encode()
_GUESS_BYTES = 1 << 18
_LEAST_TO_GUESS = 16  # bytes beyond ASCII: fewer may be a letter or two that broke
_OTHER_SCRIPTS = {
    "cp1251": "Windows-1251 (Cyrillic)",
    "koi8_r": "KOI8-R (Cyrillic)",
    "cp1253": "Windows-1253 (Greek)",
    "cp1255": "Windows-1255 (Hebrew)",
    "cp1256": "Windows-1256 (Arabic)",
    "gb18030": "GB18030 (Chinese)",
    "big5": "Big5 (Chinese)",
    "cp932": "Shift-JIS (Japanese)",
    "cp949": "EUC-KR (Korean)",
    "cp874": "Windows-874 (Thai)",
}
_TWO_BYTES = {"gb18030", "big5", "cp932", "cp949"}
_LATIN = {
    "cp1250": "Windows-1250 (central Europe)",
    "cp1252": "latin-1 (Windows-1252)",
    "cp1254": "Windows-1254 (Turkish)",
}
_CENTRAL = np.frombuffer("ŠŚŤŽŹšśťžź".encode("cp1250"), np.uint8)
_LEAST_CENTRAL = 0.05  # of all bytes beyond ASCII; western texts have "œ" and little else there

_MAGIC = {
    b"PK\x03\x04": "a ZIP archive: unpack it",
    b"PK\x05\x06": "an empty ZIP archive",
    b"%PDF": "a PDF document: export the posts as CSV, JSON lines or Parquet",
    b"\xd0\xcf\x11\xe0": "an old Excel or Office file: save the sheet as CSV",
    b"SQLite format 3": "an SQLite database: export the table of posts as CSV",
    b"BZh": "bzip2 data: unpack it, or compress it with gzip or zstd",
    b"\xfd7zXZ": "xz data: unpack it, or compress it with gzip or zstd",
    b"7z\xbc\xaf": "a 7z archive: unpack it",
    b"Rar!": "a RAR archive: unpack it",
    b"ARROW1": "an Arrow file: save the table as Parquet",
}
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Truncated(Exception):
    """Compressed data end early; what came before is good."""


@dataclass(frozen=True)
class Source:
    """One readable input. `head` is how it begins, as clean UTF-8 (empty for Parquet): long enough for the longest JSON record."""

    path: Path
    name: str
    sha256: str
    n_bytes: int
    compression: str | None  # gzip, zstd, xlsx or None
    is_parquet: bool
    encoding: str  # Python codec name
    carriage_returns: bool  # old line ends: CR alone
    head: bytes
    head_is_all: bool
    n_lines: int  # of the bytes as they lie in the file
    has_huge_lines: bool  # longer than a block

    def blocks(self, tell: Callable[[int], None] | None = None) -> Iterator[bytes]:
        """Clean UTF-8 blocks, cut at character boundaries; line ends are LF or CRLF; NUL and broken bytes are U+FFFD.
        `tell` hears how many bytes of the file have been read."""
        for block in _decoded(raw_blocks(self.path, self.compression, tell), self.encoding):
            clean = block.replace(b"\0", REPLACEMENT) if b"\0" in block else block
            yield clean.replace(b"\r", b"\n") if self.carriage_returns else clean


def open_source(path: Path) -> Source:
    """Raises HouselightsError when the path is missing, a folder, empty, or holds something that is no table of posts."""
    if not path.exists():
        raise HouselightsError(f"{path}: there is no such file. Check the path.")
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise HouselightsError(f"{path} is a pipe or a device, which can be read only once. Save it to a file first.")
    if path.is_dir():
        raise HouselightsError(f"{path} is a folder. Name the files in it, for example {path}/*.jsonl")
    try:
        n_bytes = path.stat().st_size
        with path.open("rb") as file:
            magic = file.read(16)
        if not n_bytes:
            raise HouselightsError(f"{path}: the file is empty (0 bytes). Export it again.")
        compression = "gzip" if magic[:2] == b"\x1f\x8b" else "zstd" if magic[:4] == b"\x28\xb5\x2f\xfd" else None
        if magic[:2] == b"PK" and workbook.is_workbook(path):
            compression = "xlsx"
        is_parquet, encoding, head, head_is_all = _look(path, compression)
        old_line_ends = head.count(b"\r") - head.count(b"\r\n") > head.count(
            b"\n"
        )  # CR ends rows; LF only inside quoted text
        sha256, n_lines, has_huge_lines = _survey(path)
        return Source(
            path=path,
            name=path.name,
            sha256=sha256,
            n_bytes=n_bytes,
            compression=compression,
            is_parquet=is_parquet,
            encoding=encoding,
            carriage_returns=old_line_ends,
            head=head.replace(b"\r", b"\n") if old_line_ends else head,
            head_is_all=head_is_all,
            n_lines=n_lines,
            has_huge_lines=has_huge_lines,
        )
    except OSError as error:
        raise HouselightsError(f"{path}: cannot be read ({error.strerror or error}). Check the file.") from error


def _look(path: Path, compression: str | None) -> tuple[bool, str, bytes, bool]:
    """(is Parquet, encoding, clean head, the head is the whole file) from the first bytes after decompression."""
    scanned = bytearray()
    try:
        for block in raw_blocks(path, compression):
            scanned += block
            enough = JSON_HEAD_BYTES if _begins_json(bytes(scanned[:64])) else ENCODING_SCAN_BYTES
            if scanned[:4] == b"PAR1" or len(scanned) >= enough:
                break
    except Truncated:
        pass  # the reader meets it again and rejects the tail
    raw = bytes(scanned)
    if raw[:4] == b"PAR1":
        return True, "", b"", False
    for magic, what in _MAGIC.items():
        if raw.startswith(magic):
            raise HouselightsError(f"{path} is {what}.")
    if not raw.strip(b" \t\r\n\0\xef\xbb\xbf"):
        raise HouselightsError(f"{path}: the file holds no text, only {len(raw):,} blank bytes. Export it again.")
    encoding = guess_encoding(raw)
    n_head = JSON_HEAD_BYTES if _begins_json(raw[:64]) else TABLE_HEAD_BYTES
    head = b"".join(_decoded(iter([raw[:n_head]]), encoding))
    start = head[:4096]
    controls = sum(start.count(bytes([b])) for b in (*range(1, 9), *range(14, 32)))
    if controls > 0.05 * len(start) or len(REPLACEMENT) * start.count(REPLACEMENT) > 0.2 * len(start):
        raise HouselightsError(
            f"{path}: binary data, or text that is neither UTF-8 nor UTF-16 nor Latin. Export the posts as CSV, JSON lines or Parquet, "
            "in UTF-8."
        )
    return False, encoding, head.replace(b"\0", REPLACEMENT), len(raw) <= n_head


def _begins_json(start: bytes) -> bool:
    return start.strip(b"\0 \t\r\n\xef\xbb\xbf\xff\xfe")[:1] in (b"{", b"[")


def guess_encoding(raw: bytes) -> str:
    """Python codec name: by byte-order mark, by the pattern of NUL bytes (UTF-16), else UTF-8 unless broken bytes outnumber good characters;
    then one of another script if all of it can be read so, else that of central or western Europe."""
    for bom, name in _BOMS:
        if raw.startswith(bom):
            return name
    sample = raw[: 1 << 16]
    even, odd, pairs = sample[::2].count(0), sample[1::2].count(0), max(len(sample) // 2, 1)
    if odd > 0.1 * pairs and odd > 10 * even:
        return "utf-16-le"
    if even > 0.1 * pairs and even > 10 * odd:
        return "utf-16-be"
    with contextlib.suppress(UnicodeDecodeError):
        raw.decode()
        return "utf-8"
    text = raw.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    high = np.frombuffer(raw, np.uint8)
    high = high[high >= 0x80]
    well_formed = len(text) - broken - (len(raw) - len(high))
    if well_formed >= broken:
        return "utf-8"
    if len(high) >= _LEAST_TO_GUESS:
        if other := _other_script(raw):
            return other
        if np.isin(high, _CENTRAL).mean() > _LEAST_CENTRAL:
            return "cp1250"
    letters = (high == 0x80) | (high == 0x85) | ((high >= 0x91) & (high <= 0x97)) | ((high >= 0xA0) & (high <= 0xFE))
    return "cp1252" if letters.mean() >= 0.8 else "utf-8"


def _other_script(raw: bytes) -> str | None:
    """The legacy encoding that the lines beyond ASCII are in, if it is one of a script other than Latin."""
    told = b"\n".join(line for line in raw[: 16 * _GUESS_BYTES].split(b"\n") if not line.isascii())[:_GUESS_BYTES]
    best = from_bytes(told, cp_isolation=[*_OTHER_SCRIPTS, *_LATIN]).best()
    if best is None or best.encoding not in _OTHER_SCRIPTS:
        return None
    if best.encoding not in _TWO_BYTES and _stand_alone(told) > 0.5:
        return None
    text = codecs.getincrementaldecoder(best.encoding)("replace").decode(raw)  # the last character may be cut
    return None if "\ufffd" in text else best.encoding


def _stand_alone(told: bytes) -> float:
    """Of the bytes beyond ASCII the share between or beside ASCII letters, as accents of Latin texts lie."""
    data = np.frombuffer(b" " + told + b" ", np.uint8)
    letter = ((data | 0x20) >= ord("a")) & ((data | 0x20) <= ord("z"))
    high = data[1:-1] >= 0x80
    return float((letter[:-2] | letter[2:])[high].mean())


def encoding_note(encoding: str) -> str:
    """What to say of the encoding; nothing where the file says itself which it is."""
    if words := (_OTHER_SCRIPTS | _LATIN).get(encoding):
        return f"text read as {words}, a guess: if letters look wrong, save the file as UTF-8"
    return "" if encoding == "utf-8" else f"text read as {encoding.upper()}"


def raw_blocks(path: Path, compression: str | None, tell: Callable[[int], None] | None = None) -> Iterator[bytes]:
    """Bytes after decompression; `tell` hears the place in the file. Raises HouselightsError for a decompression bomb, Truncated when
    compressed data break off."""
    total, limit = 0, max(MAX_INFLATED_BYTES, MAX_RATIO * path.stat().st_size)
    with path.open("rb") as file, _unpacked(file, path, compression) as stream:
        while True:
            pieces, size, error = [], 0, None
            try:
                while size < BLOCK_BYTES and (piece := stream.read1(BLOCK_BYTES - size)):
                    pieces.append(piece)
                    size += len(piece)
            except (EOFError, OSError, zlib.error) as broken_off:
                error = broken_off
            total += size
            if tell:
                tell(file.tell())
            if compression and total > limit:
                raise HouselightsError(
                    f"{path}: unpacks to more than {total:,} bytes, over {MAX_RATIO} times its size. "
                    "It looks like a decompression bomb; if you trust it, unpack it yourself first."
                )
            if size:
                yield pieces[0] if len(pieces) == 1 else b"".join(pieces)
            if error is not None:
                raise Truncated(str(error)) from error
            if not size:
                return


class _LongWindow:
    """A zstd file whose window is longer than libraries allow unasked, as archives of many years have it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._rest = b""
        self._begin()

    def _begin(self) -> None:
        self._frame = zstandard.ZstdDecompressor(max_window_size=2**31).decompressobj()

    def __enter__(self) -> "_LongWindow":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def read1(self, size: int) -> bytes:
        """Some bytes; none at the end. Raises EOFError where the data break off, OSError where they are damaged."""
        try:
            while packed := self._rest or self._file.read(_PACKED_BYTES):
                if self._frame.eof:
                    self._begin()
                piece = self._frame.decompress(packed)
                self._rest = self._frame.unused_data
                if piece:
                    return piece
            if not self._frame.eof:
                raise EOFError("the last frame is not whole")
        except zstandard.ZstdError as damaged:
            raise OSError(str(damaged)) from None
        return b""


def _unpacked(file: BinaryIO, path: Path, compression: str | None) -> Any:
    if compression == "gzip":
        return gzip.GzipFile(fileobj=file)
    if compression == "zstd":
        return _unpacked_zstd(file)
    return workbook.as_csv(path) if compression == "xlsx" else file


def _unpacked_zstd(file: BinaryIO) -> Any:
    try:
        window = zstandard.get_frame_parameters(file.read(32)).window_size
    except zstandard.ZstdError:
        window = 0  # the reader says what is wrong with it
    file.seek(0)
    return _LongWindow(file) if window > _USUAL_WINDOW else pa.CompressedInputStream(pa.PythonFile(file), "zstd")


_PACKED_BYTES = 1 << 13  # the worst that a piece can unpack to is 256 MiB
_USUAL_WINDOW = 1 << 27


def _decoded(blocks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    if encoding == "utf-8":
        yield from _repaired_utf8(blocks)
        return
    # undefined bytes of Windows-1252 stay the control characters latin-1 has there
    codecs.register_error("as-latin-1", lambda e: (e.object[e.start : e.end].decode("latin-1"), e.end))  # type: ignore[attr-defined]
    decoder = codecs.getincrementaldecoder(encoding)("as-latin-1" if encoding == "cp1252" else "replace")
    first = True
    for block in blocks:
        text = decoder.decode(block)
        yield (text.removeprefix("\ufeff") if first else text).encode("utf-8", "replace")
        first = False
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")


def _repaired_utf8(blocks: Iterator[bytes]) -> Iterator[bytes]:
    carry, first = b"", True
    for block in blocks:
        data = carry + block if carry else block
        if first:
            data, first = data.removeprefix(codecs.BOM_UTF8), False
        cut = len(data) - _incomplete_tail(data)
        data, carry = data[:cut], data[cut:]
        yield clean_utf8(data)
    if carry:
        yield clean_utf8(carry)


def _incomplete_tail(data: bytes) -> int:
    """How many bytes at the end begin a character that the next block ends (0 to 3)."""
    for back in range(1, min(3, len(data)) + 1):
        byte = data[-back]
        if byte >= 0xC0:
            need = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return back if need > back else 0
        if byte < 0x80:
            return 0
    return 0


def clean_utf8(data: bytes) -> bytes:
    """The same with U+FFFD for what is no UTF-8."""
    if data.isascii():
        return data
    try:
        data.decode()
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace").encode()
    return data


def _survey(path: Path) -> tuple[str, int, bool]:
    """(SHA-256, lines, whether one of them is longer than a block) of the bytes as they lie there; a last line needs no line end."""
    digest, n_lines, has_huge_lines, last = hashlib.sha256(), 0, False, b""
    with path.open("rb", buffering=0) as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
            n_ends = int(np.count_nonzero(np.frombuffer(block, np.uint8) == 10))
            n_lines += n_ends
            has_huge_lines |= not n_ends and len(block) == BLOCK_BYTES
            last = block[-1:]
    return digest.hexdigest(), n_lines + (last != b"\n"), has_huge_lines
