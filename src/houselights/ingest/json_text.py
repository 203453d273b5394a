"""JSON text -> Arrow batches of (line, raw, problem): one row per line, or per element of an array, found without parsing."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

MAX_RECORD_BYTES = 16 << 20
LONG_LINE_BYTES = 400  # from here on looking for one line end after the other costs less than looking at every byte
MAX_SOUGHT_BYTES = 128 << 20
_WINDOW_BYTES = 1 << 16
SCHEMA = pa.schema([("line", pa.int64()), ("raw", pa.string()), ("rule", pa.string()), ("detail", pa.string())])


def line_batches(blocks: Iterator[bytes]) -> Iterator[pa.RecordBatch]:
    """JSON lines. `line` counts physical lines from 1; blank lines are counted, not handed on."""
    carry, line, dropped = b"", 1, 0
    for block in blocks:
        data = carry + block if carry else block
        ends = _line_ends(data)
        if not len(ends):
            carry = data
            if len(data) > MAX_RECORD_BYTES:
                dropped, carry = dropped + len(data), b""
            continue
        if dropped:  # the first line end closes a line whose beginning was let go
            yield _problem(
                line, "line_too_long", f"{dropped + int(ends[0]):,} bytes; the limit is {MAX_RECORD_BYTES:,}"
            )
            data, ends, line, dropped = data[ends[0] :], (ends - ends[0])[1:], line + 1, 0
        carry = data[ends[-1] :] if len(ends) else data
        yield from _slices(data, ends, np.arange(line, line + len(ends)))
        line += len(ends)
    if dropped:
        yield _problem(line, "line_too_long", f"{dropped + len(carry):,} bytes; the limit is {MAX_RECORD_BYTES:,}")
    elif carry:
        yield from _slices(carry, np.array([len(carry)]), np.array([line]))


def _line_ends(data: bytes) -> npt.NDArray[Any]:
    """Offsets after each line feed."""
    if data.count(b"\n") * LONG_LINE_BYTES > len(data):
        return np.flatnonzero(np.frombuffer(data, np.uint8) == 10) + 1
    ends, at = [], data.find(b"\n")
    while at >= 0:
        ends.append(at + 1)
        at = data.find(b"\n", at + 1)
    return np.array(ends, np.int64)


def _slices(data: bytes, ends: npt.NDArray[Any], lines: npt.NDArray[Any]) -> Iterator[pa.RecordBatch]:
    """Consecutive slices of `data` as strings, without a copy; slices over the limit become problems."""
    if not len(ends):
        return
    offsets = np.concatenate([[0], ends]).astype(np.int32)
    lengths = np.diff(offsets)
    raw = pa.StringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(data))
    nothing = pa.nulls(len(ends), pa.string())
    numbers = pa.Array.from_buffers(pa.int64(), len(ends), [None, pa.py_buffer(lines.astype(np.int64))])
    batch = pa.RecordBatch.from_arrays([numbers, raw, nothing, nothing], schema=SCHEMA)
    long, short = lengths > MAX_RECORD_BYTES, lengths <= 2
    for i in np.flatnonzero(long):
        yield _problem(int(lines[i]), "line_too_long", f"{lengths[i]:,} bytes; the limit is {MAX_RECORD_BYTES:,}")
    if long.any() or short.any():
        blank = np.zeros(len(ends), bool)
        blank[short] = [not data[offsets[i] : offsets[i + 1]].strip() for i in np.flatnonzero(short)]
        batch = batch.filter(pa.array(~(long | blank)))
    if batch.num_rows:
        yield batch


def _problem(line: int, rule: str, detail: str) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([{"line": line, "raw": None, "rule": rule, "detail": detail}], schema=SCHEMA)


def element_batches(blocks: Iterator[bytes], base_depth: int) -> Iterator[pa.RecordBatch]:
    """
    Objects of one array (`base_depth` 1) or objects that follow each other over many lines (0). `line` counts elements from 1.
    An element that never closes is rejected up to the next line that begins an object at the indentation of the first one.
    """
    carry, element, indent = b"", 1, None
    for block in blocks:
        data = carry + block
        if indent is None and b"{" in data:
            before = data[: data.index(b"{")]
            indent = before[len(before.rstrip(b" \t\r\v\f")) :]
        ends = _element_ends(data, base_depth if element == 1 else 0)
        yield from _slices(data, ends, np.arange(element, element + len(ends)))
        element += len(ends)
        carry = data[ends[-1] :] if len(ends) else data
        if len(carry) > MAX_RECORD_BYTES:
            yield from _close(carry[:MAX_RECORD_BYTES], element, indent or b"")
            element, carry = element + 1, b""
    if base_depth and element > 1 and b"]" not in carry and not carry.strip(b" \t\r\n,"):
        yield _problem(element, "truncated_file", "the array is never closed: the file ends after a whole element")
    yield from _beyond_broken(carry, element, re.compile(rb"\n" + (indent or b"") + rb"(?=\{)"))


def _beyond_broken(carry: bytes, element: int, begin: re.Pattern[bytes]) -> Iterator[pa.RecordBatch]:
    """`carry` begins with an element that never closes. It is rejected; those after the next place where one begins go through. A file of
    nothing but such elements is given up after MAX_SOUGHT_BYTES, its rest rejected as one."""
    at, sought = 0, 0
    while rest := carry[at:].strip(b" \t\r\n],"):
        given_up = sought > MAX_SOUGHT_BYTES
        why = f"never closed, nor were many before it; the last {len(rest):,} bytes" if given_up else "never closed"
        yield _problem(element, "malformed_json", f"{why}: {_shown(rest)}")
        element += 1
        brace = carry.find(b"{", at)
        next_one = begin.search(carry, brace + 1) if brace >= 0 else None
        if given_up or not next_one:
            return
        at, size = next_one.end(), _WINDOW_BYTES
        while at < len(carry) and sought <= MAX_SOUGHT_BYTES:
            window = carry[at : at + size]
            sought += len(window)
            ends = _element_ends(window, 0)
            yield from _slices(window, ends, np.arange(element, element + len(ends)))
            if len(ends):
                at, element, size = at + int(ends[-1]), element + len(ends), _WINDOW_BYTES
            elif at + size >= len(carry):
                break
            else:
                size *= 4


def _close(carry: bytes, element: int, indent: bytes) -> Iterator[pa.RecordBatch]:
    yield _problem(
        element, "line_too_long", f"element {element} is longer than {MAX_RECORD_BYTES:,} bytes: {_shown(carry)}"
    )


def _shown(raw: bytes) -> str:
    return raw[:120].decode("utf-8", "replace")


def _element_ends(data: bytes, base_depth: int) -> npt.NDArray[Any]:
    """Offsets after each object that closes at the base depth; strings and escapes are honoured."""
    places, opening, depth = brackets(data)
    closing = (depth == base_depth) & ~opening & (np.frombuffer(data, np.uint8)[places] == 125)
    ends: npt.NDArray[Any] = places[closing] + 1
    return ends


def brackets(data: bytes, depth: int = 0) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
    """(offset, whether it opens, depth after it) of every bracket outside strings. `data` begins outside a string, `depth` brackets deep."""
    array = np.frombuffer(data, np.uint8)
    quotes = np.flatnonzero(array == 34)
    quotes = quotes[~escaped(array, quotes)]
    opening = (array == 123) | (array == 91)
    places = np.flatnonzero(opening | (array == 125) | (array == 93))
    places = places[np.searchsorted(quotes, places) % 2 == 0]
    opens: npt.NDArray[Any] = opening[places]
    return places, opens, depth + np.cumsum(np.where(opens, 1, -1))


def escaped(array: npt.NDArray[Any], places: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """True where an odd run of backslashes stands before a place (offsets in ascending order)."""
    backslashes = np.flatnonzero(array == 92)
    if not len(backslashes) or not len(places):
        return np.zeros(len(places), bool)
    starts = np.concatenate([[True], np.diff(backslashes) != 1])
    run_start = np.maximum.accumulate(np.where(starts, np.arange(len(backslashes)), 0))
    i = np.searchsorted(backslashes, places) - 1
    before = (i >= 0) & (backslashes[np.maximum(i, 0)] == places - 1)
    odd: npt.NDArray[Any] = (i - run_start[np.maximum(i, 0)] + 1) % 2 == 1
    both: npt.NDArray[Any] = before & odd
    return both


_PAIR = r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})"
_LONE = r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}"


def parsed(raw: str, structure: object) -> str:
    """
    SQL: the struct that `structure` describes, NULL where the text is no JSON. Lone surrogates, which JSON text may name and UTF-8 cannot hold,
    become U+FFFD. What is chosen is the text: choosing among structs would copy them.
    """
    shape = json.dumps(structure).replace("'", "''")
    paired = f"regexp_replace({raw}, '{_PAIR}', chr(1) || 'u\\1' || chr(1) || 'u\\2', 'g')"
    repaired = f"replace(regexp_replace({paired}, '{_LONE}', chr(65533), 'g'), chr(1), chr(92))"
    named = f"(contains({raw}, '\\ud') OR contains({raw}, '\\uD'))"
    return f"try(from_json(CASE WHEN {named} AND NOT json_valid({raw}) THEN {repaired} ELSE {raw} END, '{shape}'))"


_SHOWN = "left(rtrim(raw, chr(10) || chr(13)), 120)"  # of a record that is none


def typed(relation: str, structure: object, is_lines: bool) -> str:
    """SQL of (line, raw, j, rule, detail) from a relation of this module's batches; `j` is NULL where the text is no JSON object."""
    blank = "chr(32) || chr(9) || chr(10) || chr(13)"
    trimmed = f"ltrim(raw, {blank})" if is_lines else f"ltrim(raw, {blank} || ',[]')"
    text = f"CASE WHEN starts_with(raw, '{{') THEN raw ELSE {trimmed} END"  # nearly all do: what is not copied costs nothing
    an_object = "CASE WHEN starts_with(raw, '{') THEN raw END"
    return f"""(SELECT line, raw, j, CASE WHEN rule IS NULL AND j IS NULL THEN 'malformed_json' ELSE rule END AS rule,
        CASE WHEN rule IS NULL AND j IS NULL THEN {_SHOWN} ELSE detail END AS detail
      FROM (SELECT * EXCLUDE (object), {parsed("object", structure)} AS j FROM (SELECT *, {an_object} AS object
        FROM (SELECT * REPLACE ({text} AS raw) FROM {relation}) WHERE raw IS NULL OR raw <> '')))"""


def elements(relation: str, path: Sequence[str], is_lines: bool) -> str:
    """SQL of (line, raw, rule, detail) of the objects in the list at `path` of each record; a record that lacks the list is no post."""
    structure: object = ["JSON"]
    for key in reversed(path):
        structure = {key: structure}
    listed = "j" + "".join('."' + key.replace('"', '""') + '"' for key in path)
    lacking = f"rule IS NULL AND {listed} IS NULL"
    return f"""(SELECT line, unnest(CASE WHEN rule IS NULL AND {listed} IS NOT NULL THEN {listed}::VARCHAR[] ELSE [raw] END) AS raw,
        CASE WHEN {lacking} THEN 'not_a_post' ELSE rule END AS rule, CASE WHEN {lacking} THEN {_SHOWN} ELSE detail END AS detail
      FROM {typed(relation, structure, is_lines)})"""
