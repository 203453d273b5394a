"""A list of claims that others have checked, and which of them a text is about. Whether a claim is true is never decided here: claim, address and
the verdict of whoever published it are cited."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from houselights.content import bm25
from houselights.core.errors import HouselightsError
from houselights.core.text import normalise

Vectors = NDArray[np.float32]
COLUMNS = ("id", "text", "url", "verdict")
NEEDED = ("id", "text")
RRF_K = 10
"""Of reciprocal rank fusion (Cormack, Clarke and Buettcher 2009, who take 60). A text is about a claim or two: first ranks count more here."""
DEPTH = 100
"""Ranks of either list that are fused."""
N_SHOWN = 5
MIN_BM25, MIN_COSINE = 3.7, 0.64
"""Either is enough to show a match. Chosen on the training texts of benchmarks/claims: with the claims that a text is about taken out of the
list, one text in ten still shows another."""
_CELLS = 1 << 22  # texts times claims looked at together


@dataclass(frozen=True)
class Claim:
    id: str
    text: str
    url: str | None = None
    verdict: str | None = None  # in the words of its publisher


@dataclass(frozen=True)
class Matches:
    """m pairs of a text and a claim, by text, then rank."""

    text: NDArray[np.int64]  # [m] index into the texts
    claim: NDArray[np.int64]  # [m] index into the claims
    rank: NDArray[np.int64]  # [m] from 1, among the claims of the text
    score: NDArray[np.float64]  # [m] sum of 1 / (RRF_K + rank) over both lists
    bm25: NDArray[np.float64]  # [m] in words that stand once in all texts and claims
    cosine: NDArray[np.float64]  # [m] NaN where no vectors were given

    def worth_showing(self) -> "Matches":
        """Those near enough by words or by meaning, their ranks counted anew."""
        near = (self.bm25 >= MIN_BM25) | (np.nan_to_num(self.cosine, nan=-1.0) >= MIN_COSINE)
        text = self.text[near]
        return Matches(text, self.claim[near], _place(text) + 1, self.score[near], self.bm25[near], self.cosine[near])


def match(
    texts: Sequence[str],
    claims: Sequence[Claim],
    vectors: tuple[Vectors, Vectors] | None = None,
    n_best: int = N_SHOWN,
) -> Matches:
    """The `n_best` claims of each text by reciprocal rank fusion of BM25 and the cosine of `vectors`: ([texts, d], [claims, d]) of unit length, or
    None to rank by BM25 alone. A claim in the text's own words comes first; equal scores go by cosine, then by id. Memory: a few blocks of _CELLS."""
    order = np.array(sorted(range(len(claims)), key=lambda j: claims[j].id), np.int64)
    parts = [np.empty((6, 0))]
    if len(texts) and len(claims):
        words = bm25.index(texts, [claims[j].text for j in order.tolist()])
        said, claimed = _same_words(texts, [claims[j].text for j in order.tolist()])
        meant = None if vectors is None else vectors[1][order].astype(np.float64)
        step = max(1, _CELLS // len(claims))
        for begin in range(0, len(texts), step):
            end = min(begin + step, len(texts))
            cosine = None if vectors is None or meant is None else _cosine(vectors[0][begin:end], meant)
            same = (said[begin:end, None] == claimed) & (said[begin:end, None] >= 0)
            found = _best(words.scores(begin, end), cosine, same, n_best)
            found[0] += begin
            parts.append(found)
    text, claim, place, score, by_words, by_meaning = np.concatenate(parts, axis=1)
    return Matches(
        text.astype(np.int64), order[claim.astype(np.int64)], place.astype(np.int64) + 1, score, by_words, by_meaning
    )


def _cosine(said: Vectors, claimed: NDArray[np.float64]) -> NDArray[np.float64]:
    """[b, c] in double precision, then rounded: how the product is cut into blocks shows in its last digits."""
    return np.asarray(np.round(said.astype(np.float64) @ claimed.T, 6), np.float64)


def _best(
    words: NDArray[np.float64], cosine: NDArray[np.float64] | None, same: NDArray[np.bool_], n_best: int
) -> NDArray[np.float64]:
    """(row, column, place from 0, score, BM25, cosine)[6, m] of one block [b, c]."""
    score = np.zeros(words.shape)
    for values in (words,) if cosine is None else (words, cosine):
        row, column, rank = _ranked(values)
        score[row, column] += 1.0 / (RRF_K + rank)
    row, column = np.nonzero((score > 0) | same)
    near = np.full(len(row), np.nan) if cosine is None else cosine[row, column]
    first = np.lexsort((column, -near, -score[row, column], ~same[row, column], row))
    first = first[_place(row[first]) < n_best]
    row, column = row[first], column[first]
    return np.stack([row, column, _place(row), score[row, column], words[row, column], near[first]])


def _ranked(values: NDArray[np.float64]) -> tuple[NDArray[np.int64], ...]:
    """(row, column, rank) of the DEPTH greatest values of each row that are above 0; equal values have the rank of the first."""
    n = values.shape[1]
    least = np.partition(values, n - DEPTH, axis=1)[:, n - DEPTH, None] if n > DEPTH else 0.0
    row, column = np.nonzero((values >= least) & (values > 0))
    order = np.lexsort((-values[row, column], row))
    row, column = row[order], column[order]
    at = np.arange(len(row))
    value = values[row, column]
    new = np.ones(len(row), bool)
    new[1:] = (row[1:] != row[:-1]) | (value[1:] != value[:-1])
    before = at - np.maximum.accumulate(np.where(new, at, 0))
    return row, column, _place(row) - before + 1


def _place(row: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many of the same row come before, for rows in order."""
    return np.arange(len(row)) - np.searchsorted(row, row)


def _same_words(texts: Sequence[str], claims: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numbers that are equal where all words are; -1 for a text in no claim's words."""
    number: dict[str, int] = {}
    claimed = np.array([number.setdefault(normalise(c), len(number)) for c in claims], np.int64)
    number.pop("", None)
    return np.array([number.get(normalise(t), -1) for t in texts], np.int64), claimed


def read(path: Path) -> list[Claim]:
    """Claims of a CSV with the columns id and text, and url and verdict where it has them; commas, semicolons or tabs; UTF-8, with or without a mark.

    Raises HouselightsError, with the line, for anything else.
    """
    rows = _rows(path)
    at, header = next(rows, (1, []))
    names = [name.strip().casefold() for name in header]
    for name in NEEDED:
        if name not in names:
            raise HouselightsError(
                f"{path}, line {at}: there is no column '{name}'. The first line names the columns: {', '.join(COLUMNS)}."
            )
    for name in COLUMNS:
        if names.count(name) > 1:
            raise HouselightsError(f"{path}, line {at}: the column '{name}' stands there twice. Keep one of them.")
    column = {name: names.index(name) for name in COLUMNS if name in names}
    out: list[Claim] = []
    line_of: dict[str, int] = {}
    for line, cells in rows:
        claim = _claim(path, line, cells, column, len(names))
        if claim.id in line_of:
            raise HouselightsError(
                f"{path}, line {line}: the id '{claim.id[:80]}' is that of line {line_of[claim.id]}. Each claim needs its own."
            )
        line_of[claim.id] = line
        out.append(claim)
    if not out:
        raise HouselightsError(f"{path}: holds no claim. Write one a line under the names of the columns.")
    return out


def _claim(path: Path, line: int, cells: list[str], column: dict[str, int], width: int) -> Claim:
    if len(cells) > width:
        raise HouselightsError(
            f"{path}, line {line}: {len(cells)} cells, but the first line names {width}. Put quotes around a text with separators in it."
        )
    value = {name: cells[i].strip() if i < len(cells) else "" for name, i in column.items()}
    for name in NEEDED:
        if not value[name]:
            raise HouselightsError(f"{path}, line {line}: '{name}' is empty. Every claim needs an id and a text.")
    return Claim(value["id"], value["text"], value.get("url") or None, value.get("verdict") or None)


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """(first line of the row, its cells), without empty rows."""
    text = _text(path)
    head = text.lstrip("\r\n").splitlines()[:1]
    delimiter = max(",;\t", key="".join(head).count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    before = 0
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield before + 1, cells
            before = reader.line_num
    except csv.Error as error:
        raise HouselightsError(f"{path}, line {before + 1}: no sound CSV ({error}). Save it again as CSV.") from error


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except FileNotFoundError as error:
        raise HouselightsError(f"{path} does not exist. Give a CSV of claims.") from error
    except (OSError, ValueError) as error:
        raise HouselightsError(f"{path} cannot be read: {error}. Give a CSV of claims.") from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise HouselightsError(f"{path}, line {line}: is not UTF-8. Save it as 'CSV UTF-8'.") from error
