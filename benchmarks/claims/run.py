"""Claims: how often the claim that a post is about comes first, on CheckThat! 2020, task 2 (English). Writes the tables into README.md beside it.

python benchmarks/claims/run.py [v3.zip]     a minute on one core; the archive is looked for in ../shared/data/claim_matching or HOUSELIGHTS_SHARED
"""

import csv
import io
import os
import re
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from houselights.content import claim_matches, embedding
from houselights.content.claims import MIN_BM25, MIN_COSINE, Claim, Matches, match
from houselights.content.texts import meaning
from houselights.core.text import normalise

HERE = Path(__file__).parent
SHARED = Path(os.environ.get("HOUSELIGHTS_SHARED", HERE.parents[2] / "shared"))
ARCHIVE = SHARED / "data" / "claim_matching" / "v3.zip"
SPLITS = ("train", "dev")
_SIGNATURE = re.compile(r"\s+—\s+[^—]{1,120}\(@\w+\)\s+[A-Z][a-z]+ \d{1,2}, \d{4}\s*$")
"""'— Name (@handle) January 6, 2020', which quoting a post appends and no post holds."""
ALARM = 0.1  # share of texts that may show a claim although theirs is not in the list
RESTATED = 0.8  # cosine of claims that say the same
N_RANKED = 100


@dataclass(frozen=True)
class Split:
    texts: list[str]
    right: list[set[int]]  # indices of claims judged to be what the text is about


@dataclass(frozen=True)
class Data:
    claims: list[Claim]
    same: NDArray[np.int64]  # [claims] equal numbers where all words are equal
    splits: dict[str, Split]


def load(archive: Path, with_signature: bool = False, with_headline: bool = True) -> Data:
    """The claims with the headline of the article about each, posts cleaned as in a scan."""
    docs = sorted(_rows(archive, "verified_claims.docs.tsv")[1:])  # equal scores go by id, whatever the ranking
    claims = [Claim(row[0], f"{row[1]} {row[2]}" if with_headline else row[1]) for row in docs]
    number = {c.id: i for i, c in enumerate(claims)}
    splits = {}
    for name in SPLITS:
        right: dict[str, set[int]] = {}
        for query, _, claim, _ in _rows(archive, f"{name}/tweet-vclaim-pairs.qrels"):
            right.setdefault(query, set()).add(number[claim])
        queries = _rows(archive, f"{name}/tweets.queries.tsv")[1:]
        texts = [meaning(text if with_signature else _SIGNATURE.sub("", text)) for _, text in queries]
        splits[name] = Split(texts, [right[query] for query, _ in queries])
    _, same = np.unique([normalise(c.text) for c in claims], return_inverse=True)
    return Data(claims, same.astype(np.int64), splits)


def _rows(archive: Path, name: str) -> list[list[str]]:
    with zipfile.ZipFile(archive) as packed:
        text = packed.read(f"v3.0/{name}").decode("utf-8")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter="\t"))


def vectors(texts: list[str], claims: list[Claim], cache: Path) -> tuple[embedding.Vectors, embedding.Vectors]:
    model = embedding.chosen("", "")
    said = claim_matches.vectors_of([Claim("", t) for t in texts], model, cache, 1, lambda done, total: None)
    return said, claim_matches.vectors_of(claims, model, cache, 1, lambda done, total: None)


def by_meaning(said: embedding.Vectors, claimed: embedding.Vectors) -> Matches:
    """The ranking by cosine alone."""
    cosine = np.round((said @ claimed.T).astype(np.float64), 6)
    best = np.argsort(-cosine, axis=1, kind="stable")[:, :N_RANKED]
    text, place = np.repeat(np.arange(len(said)), N_RANKED), np.tile(np.arange(N_RANKED), len(said))
    near = cosine[text, best.ravel()]
    return Matches(text, best.ravel(), place + 1, near, np.zeros(len(text)), near)


def measure(found: Matches, split: Split, same: NDArray[np.int64] | None) -> NDArray[np.float64]:
    """[2, queries] average precision at 5, reciprocal rank in the first 100. With `same`, claims in the same words are one;
    without, only the judged copy is right."""
    name = np.arange(int(found.claim.max()) + 1) if same is None else same
    precision, reciprocal = [], []
    for k, right in enumerate(split.right):
        wanted = {int(name[j]) if j < len(name) else -1 for j in right}
        ranked = list(dict.fromkeys(name[found.claim[found.text == k]].tolist()))
        hits = [r for r, c in enumerate(ranked, 1) if c in wanted]
        precision.append(sum((i + 1) / r for i, r in enumerate(hits) if r <= 5) / len(wanted))
        reciprocal.append(1 / hits[0] if hits else 0.0)
    return np.array([precision, reciprocal])


def _above(found: NDArray[np.float64], words: NDArray[np.float64]) -> str:
    """Difference of the means of two rankings of the same queries, with a 95 % interval (bootstrap over queries)."""
    gain = found - words
    drawn = np.random.default_rng(0).integers(0, len(gain), (10_000, len(gain)))
    low, high = np.quantile(gain[drawn].mean(axis=1), (0.025, 0.975))
    return f"{gain.mean():+.3f} ({low:+.3f} to {high:+.3f})"


def table(archive: Path, cache: Path) -> list[str]:
    lines = [
        "| posts | queries | ranking | MAP@5 | above words, 95 % interval | MRR | MAP@5, judged copy only | MRR, judged copy only |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for title, signature, headline in (
        ("as a platform gives them", False, True),
        ("with the author's name and the date behind", True, True),
        ("as a platform gives them; claims without headlines", False, False),
    ):
        data = load(archive, signature, headline)
        for name, split in data.splits.items():
            both = vectors(split.texts, data.claims, cache)
            rankings = {
                "words (BM25)": match(split.texts, data.claims, None, N_RANKED),
                "meaning (cosine)": by_meaning(*both),
                "both, fused": match(split.texts, data.claims, both, N_RANKED),
            }
            words = None
            for ranking, found in rankings.items():
                merged, judged = (measure(found, split, same) for same in (data.same, None))
                above = "" if words is None else _above(merged[0], words)
                words = merged[0] if words is None else words
                figures = " | ".join(f"{x:.3f}" for x in (merged[1].mean(), *judged.mean(axis=1)))
                lines.append(
                    f"| {title} | {name}, {len(split.texts)} | {ranking} | {merged[0].mean():.3f} | {above} | {figures} |"
                )
                print(lines[-1], flush=True)
    return lines


def shown(archive: Path, cache: Path) -> list[str]:
    """What the thresholds show, and what they would be if chosen on the training texts now."""
    data = load(archive)
    lines = [
        "| queries | compared | BM25 from | cosine from | right claim in the first 5 | and shown | shown where it was taken out |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, split in data.splits.items():
        both = vectors(split.texts, data.claims, cache)
        for how, given in (("words and meaning", both), ("words", None)):
            found, other = match(split.texts, data.claims, given), _taken_out(data, split, both, given)
            if name == "train" and given:
                print("thresholds by the rule:", _thresholds(other), flush=True)
            right = np.array([j in split.right[k] or _twin(data, split, k, j) for k, j in _pairs(found)])
            n = len(split.texts)
            rates = (
                len(set(found.text[right].tolist())) / n,
                len(set(found.text[right & _passes(found)].tolist())) / n,
                len(set(other.text[_passes(other)].tolist())) / n,
            )
            least = f"{MIN_COSINE}" if given else "-"
            lines.append(f"| {name} | {how} | {MIN_BM25} | {least} | " + " | ".join(f"{x:.3f}" for x in rates) + " |")
            print(lines[-1], flush=True)
    return lines


def _pairs(found: Matches) -> list[tuple[int, int]]:
    return list(zip(found.text.tolist(), found.claim.tolist(), strict=True))


def _twin(data: Data, split: Split, k: int, j: int) -> bool:
    return any(data.same[j] == data.same[r] for r in split.right[k])


def _passes(found: Matches) -> NDArray[np.bool_]:
    return (found.bm25 >= MIN_BM25) | (np.nan_to_num(found.cosine, nan=-1.0) >= MIN_COSINE)


def _taken_out(
    data: Data,
    split: Split,
    both: tuple[embedding.Vectors, embedding.Vectors],
    given: tuple[embedding.Vectors, embedding.Vectors] | None,
) -> Matches:
    """The best five of each text among claims that neither are the right ones nor say the same in other words."""
    claimed = both[1]
    ranked = match(split.texts, data.claims, given, N_RANKED)
    keep = np.ones(len(ranked.text), bool)
    for k, right in enumerate(split.right):
        rows = np.flatnonzero(ranked.text == k)
        keep[rows] = (claimed[ranked.claim[rows]] @ claimed[sorted(right)].T).max(axis=1) < RESTATED
    text = ranked.text[keep]
    first = np.flatnonzero(keep)[np.arange(len(text)) - np.searchsorted(text, text) < 5]
    return Matches(*(getattr(ranked, f)[first] for f in ("text", "claim", "rank", "score", "bm25", "cosine")))


def _thresholds(other: Matches) -> tuple[float, float]:
    """The least (BM25, cosine), each passed by the same share of texts, that ALARM of all texts pass together."""
    texts = np.unique(other.text)
    words, near = (np.array([v[other.text == k].max() for k in texts]) for v in (other.bm25, other.cosine))
    best = (float("inf"), float("inf"))
    for share in np.arange(0.0, ALARM, 0.001):
        least = (float(np.quantile(words, 1 - share)), float(np.quantile(near, 1 - share)))
        if ((words >= least[0]) | (near >= least[1])).mean() <= ALARM:
            best = least
    return best


def main() -> None:
    archive = Path(sys.argv[1]) if len(sys.argv) > 1 else ARCHIVE
    if not archive.is_file():
        print(f"{archive} is not there: skipped. Give the archive of the data set.")
        return
    with tempfile.TemporaryDirectory() as folder:
        tables = [table(archive, Path(folder)), shown(archive, Path(folder))]
    readme = HERE / "README.md"
    before, rest = readme.read_text(encoding="utf-8").split("<!-- results -->")
    _, after = rest.split("<!-- end of results -->")
    body = "\n\n".join("\n".join(lines) for lines in tables)
    readme.write_text(f"{before}<!-- results -->\n{body}\n<!-- end of results -->{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
