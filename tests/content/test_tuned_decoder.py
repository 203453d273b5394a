"""The decoder that stage four reads with, on a small file of its form made here: what holds for any weights, and a second reckoning."""

import random
import unicodedata
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from houselights.content import tuned_decoder
from houselights.content.tuned_decoder import Changes, Decoder
from houselights.core.errors import HouselightsError

gguf = pytest.importorskip("gguf", reason="the extra `embedded` is not installed")
pytest.importorskip("tiktoken", reason="the extra `embedded` is not installed")
WIDTH, WIDE, HEADS, SHARED, LAYERS, RANK = 64, 96, 4, 2, 4, 3
SIZES = {
    "query": (WIDTH, WIDTH),
    "key": (WIDTH, WIDTH // 2),
    "value": (WIDTH, WIDTH // 2),
    "out": (WIDTH, WIDTH),
    "gate": (WIDTH, WIDE),
    "wide": (WIDTH, WIDE),
    "back": (WIDE, WIDTH),
}
WORDS = ("th", "the", "Ġt", "Ġth", "Ġthe", "in", "Ġin", "er")
TEXTS = st.lists(st.text(st.sampled_from("abcdeinorst 123.,!ßя東\u202e\n\ud800"), max_size=90), max_size=7)


def spelled() -> list[str]:
    """Every byte as the file spells it, in order of bytes."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    return [chr(b) if b in plain else chr(next(others)) for b in range(256)]


def write(path: Path, architecture: str = "qwen2", n_layers: int = LAYERS, width: int = WIDTH) -> dict[str, NDArray]:
    """A file with random weights, and these weights."""
    rng = np.random.default_rng(5)
    out = gguf.GGUFWriter(path, architecture)
    out.add_block_count(n_layers)
    out.add_embedding_length(width)
    out.add_head_count(HEADS)
    out.add_head_count_kv(SHARED)
    out.add_rope_freq_base(1e6)
    out.add_layer_norm_rms_eps(1e-6)
    out.add_tokenizer_model("gpt2")
    out.add_tokenizer_pre("qwen2")
    tokens = [*spelled(), *WORDS, "<|end|>"]
    out.add_token_list(tokens)
    out.add_token_types([1] * (len(tokens) - 1) + [3])
    held = {"token_embd.weight": rng.standard_normal((len(tokens), width))}
    for i in range(n_layers):
        for kind, name in tuned_decoder._NAMES.items():
            n_in, n_out = SIZES[kind]
            held[f"blk.{i}.{name}.weight"] = rng.standard_normal((n_out, n_in)) / np.sqrt(n_in)
            if kind in ("query", "key", "value"):
                held[f"blk.{i}.{name}.bias"] = rng.standard_normal(n_out) / 5
        for norm in ("attn_norm", "ffn_norm"):
            held[f"blk.{i}.{norm}.weight"] = 1 + rng.standard_normal(width) / 5
    for name, values in held.items():
        out.add_tensor(name, values.astype(np.float32))
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()
    return held


def changes(first: int = 2, n: int = 2, scale: float = 0.3) -> Changes:
    rng = np.random.default_rng(9)
    down = {kind: rng.standard_normal((n, a, RANK)).astype(np.float32) * scale for kind, (a, _) in SIZES.items()}
    up = {kind: rng.standard_normal((n, RANK, b)).astype(np.float32) * scale for kind, (_, b) in SIZES.items()}
    return Changes(first, down, up)


@cache
def made() -> tuple[Path, dict[str, NDArray]]:
    import tempfile

    path = Path(tempfile.mkdtemp()) / "small.gguf"
    return path, write(path)


@cache
def decoder() -> Decoder:
    return Decoder(made()[0], changes())


def slowly(ids: NDArray[np.int64]) -> NDArray[np.float64]:
    """One text, one token and one head at a time, in double precision."""
    held, own = made()[1], changes()
    n, size = len(ids), WIDTH // HEADS

    def norm(x: NDArray, gain: NDArray) -> NDArray:
        return x / np.sqrt((x * x).mean() + 1e-6) * gain

    def turned(v: NDArray, place: int) -> NDArray:
        angle = place / 1e6 ** (np.arange(size // 2) / (size // 2))
        pairs = (v[: size // 2] + 1j * v[size // 2 :]) * np.exp(1j * angle)
        return np.concatenate([pairs.real, pairs.imag])

    x = held["token_embd.weight"][ids].astype(np.float64)
    for i in range(LAYERS):

        def applied(v: NDArray, kind: str, i: int = i) -> NDArray:
            name = f"blk.{i}.{tuned_decoder._NAMES[kind]}"
            matrix = held[f"{name}.weight"].T
            if i >= own.first:
                matrix = matrix + own.down[kind][i - own.first] @ own.up[kind][i - own.first]
            return v @ matrix + held.get(f"{name}.bias", 0)

        h = [norm(row, held[f"blk.{i}.attn_norm.weight"]) for row in x]
        taken = np.zeros((n, WIDTH))
        for head in range(HEADS):
            part, common = slice(head * size, (head + 1) * size), head // (HEADS // SHARED)
            of = slice(common * size, (common + 1) * size)
            q = [turned(applied(row, "query")[part], t) for t, row in enumerate(h)]
            k = [turned(applied(row, "key")[of], t) for t, row in enumerate(h)]
            v = [applied(row, "value")[of] for row in h]
            for t in range(n):
                seen = range(n) if i >= own.first else range(t + 1)
                odds = np.array([q[t] @ k[s] / np.sqrt(size) for s in seen])
                share = np.exp(odds - odds.max())
                taken[t, part] = sum(w * v[s] for w, s in zip(share / share.sum(), seen, strict=True))
        x = np.array([row + applied(t, "out") for row, t in zip(x, taken, strict=True)])
        out = []
        for row in x:
            h2 = norm(row, held[f"blk.{i}.ffn_norm.weight"])
            gate = applied(h2, "gate")
            out.append(row + applied(gate / (1 + np.exp(-gate)) * applied(h2, "wide"), "back"))
        x = np.array(out)
    return x


@settings(max_examples=15, deadline=None)
@given(st.text(st.sampled_from("the inr東 4"), max_size=25))
def test_states_are_those_of_a_second_reckoning(text: str) -> None:
    ids = decoder().tokens(text)
    [states] = decoder()([text])
    assert np.allclose(states, slowly(ids), rtol=1e-3, atol=1e-3)


@settings(max_examples=25, deadline=None)
@given(TEXTS)
def test_a_text_alone_says_what_it_says_in_company(texts: list[str]) -> None:
    together = list(decoder()(texts))
    assert len(together) == len(texts)
    for text, states in zip(texts, together, strict=True):
        [own] = decoder()([text])
        assert states.shape == (len(decoder().tokens(text)), WIDTH)
        assert np.allclose(states, own, rtol=1e-4, atol=1e-4)


def test_more_texts_than_are_read_at_a_time_are_all_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuned_decoder, "TOGETHER", 40)
    monkeypatch.setattr(tuned_decoder, "_ROWS", 7)
    texts = [f"the other {i} " * (i % 5 + 1) for i in range(20)]
    alone = [states for text in texts for states in decoder()([text])]
    assert all(np.allclose(a, b, atol=1e-4) for a, b in zip(decoder()(texts), alone, strict=True))


@given(st.text(max_size=60))
def test_tokens_spell_the_text(text: str) -> None:
    said = unicodedata.normalize("NFC", text.strip()).encode("utf-8", "replace").decode() or "."
    ids = decoder().tokens(text)
    assert 1 <= len(ids) <= tuned_decoder.MOST_TOKENS
    if len(ids) < tuned_decoder.MOST_TOKENS:
        assert decoder().encoding.decode(ids.tolist()) == said


def test_tokens_are_joined_in_the_order_of_the_vocabulary() -> None:
    names = [*spelled(), *WORDS]
    assert [names[i] for i in decoder().tokens("the in")] == ["the", "Ġin"]
    assert [names[i] for i in decoder().tokens("a then 12")] == ["a", "Ġthe", "n", "Ġ", "1", "2"]


def test_the_upper_layers_see_what_comes_later_and_the_lower_ones_do_not() -> None:
    ids = decoder().tokens("the inner the other")
    other = np.concatenate([ids[:-1], [ids[0]]])
    plain = Decoder(made()[0], None)
    [a], [b] = plain.states([ids]), plain.states([other])
    assert np.allclose(a[:-1], b[:-1]) and not np.allclose(a[-1], b[-1])
    [a], [b] = decoder().states([ids]), decoder().states([other])
    assert not np.allclose(a[0], b[0])


def test_stored_changes_are_the_changes(tmp_path: Path) -> None:
    tuned_decoder.save(changes(), tmp_path / "a.npz")
    back = tuned_decoder.load(tmp_path / "a.npz")
    assert back.first == 2 and back.n_layers == 2
    for kind in SIZES:
        assert np.allclose(back.down[kind], changes().down[kind], atol=0.01)
        assert np.allclose(back.up[kind], changes().up[kind], atol=0.01)
    again = tmp_path / "b.npz"
    tuned_decoder.save(changes(), again)
    assert again.read_bytes() == (tmp_path / "a.npz").read_bytes()


def test_another_file_is_told_with_what_helps(tmp_path: Path) -> None:
    path = tmp_path / "other.gguf"
    path.write_bytes(random.Random(1).randbytes(5000))
    with pytest.raises(HouselightsError, match=r"other\.gguf: not the weights .* models fetch"):
        Decoder(path, changes())
    path.write_bytes(made()[0].read_bytes()[:3000])
    with pytest.raises(HouselightsError, match="models fetch"):
        Decoder(path, changes())
    with pytest.raises(HouselightsError, match="models fetch"):
        Decoder(tmp_path / "none.gguf", changes())
    write(path, architecture="llama")
    with pytest.raises(HouselightsError, match="llama"):
        Decoder(path, changes())
    with pytest.raises(HouselightsError, match="other sizes"):
        Decoder(made()[0], changes(first=3))


def test_without_the_extra_its_name_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuned_decoder, "find_spec", lambda name: None)
    with pytest.raises(HouselightsError, match="embedded"):
        Decoder(made()[0], changes())
