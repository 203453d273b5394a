"""A tiny base model of each kind, with a tokenizer trained on the spot, and labelled lines of a task that can be learned."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

WORDS = [
    "the",
    "new",
    "bridge",
    "over",
    "our",
    "river",
    "costs",
    "too",
    "much",
    "and",
    "nobody",
    "asked",
    "us",
    "before",
    "it",
    "was",
    "built",
]
SIGNALS = {"Loaded_Language": ["monstrous", "vile"], "Doubt": ["allegedly", "supposedly"]}
FOR, AGAINST = ["welcome", "splendid"], ["ruinous", "senseless"]


def _sentence(rng: np.random.Generator, marker: str) -> str:
    words = list(rng.choice(WORDS, int(rng.integers(4, 9))))
    words.insert(int(rng.integers(0, len(words) + 1)), marker)
    return " ".join(words)


def stance_lines(n: int, seed: int = 0) -> list[dict[str, object]]:
    """One word says the stance; which group a line is of says nothing."""
    rng = np.random.default_rng(seed)
    lines = []
    for i in range(n):
        label, markers = ("favour", FOR) if rng.random() < 0.5 else ("against", AGAINST)
        text = f"{_sentence(rng, str(rng.choice(markers)))} {i}"
        lines.append({"text": text, "target": "the bridge", "label": label, "group": f"g{i % 10}"})
    return lines


def technique_lines(n: int, seed: int = 0) -> list[dict[str, object]]:
    """A signal word, if any, is the span."""
    rng = np.random.default_rng(seed)
    lines = []
    for i in range(n):
        technique = [*SIGNALS, ""][int(rng.integers(3))]
        marker = str(rng.choice(SIGNALS[technique])) if technique else "quiet"
        text = f"{_sentence(rng, marker)} {i}"
        start = text.index(marker)
        spans = [{"technique": technique, "start": start, "end": start + len(marker)}] if technique else []
        lines.append({"text": text, "spans": spans, "group": f"g{i % 10}"})
    return lines


@pytest.fixture(scope="session")
def write_lines(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], Path]:
    """(task, rows) -> a file."""

    def write(task: str, n: int) -> Path:
        lines = stance_lines(n) if task == "stance" else technique_lines(n)
        path = tmp_path_factory.mktemp("lines") / f"{task}.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """method -> directory of a model of two layers, 64 wide, with random weights."""
    for module in ("torch", "transformers", "peft", "safetensors"):
        pytest.importorskip(module, reason=f"the extra `train` is not installed ({module})")
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM, RobertaConfig, RobertaForMaskedLM

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("bases")
    shape = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 128}
    n_tokens = _tokenizer(folder / "lora")
    _tokenizer(folder / "full")
    ids = {"bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2}
    # an adapter leaves random weights as they are: smaller ones attend to nothing and could say nothing with certainty
    spread = {"tie_word_embeddings": True, "initializer_range": 0.1}
    decoder = LlamaConfig(vocab_size=n_tokens, max_position_embeddings=512, **spread, **shape, **ids)
    LlamaForCausalLM(decoder).save_pretrained(folder / "lora")
    encoder = RobertaConfig(vocab_size=n_tokens, max_position_embeddings=130, type_vocab_size=1, **shape, **ids)
    RobertaForMaskedLM(encoder).save_pretrained(folder / "full")
    return {"lora": folder / "lora", "full": folder / "full"}


def _tokenizer(folder: Path) -> int:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    from houselights.train import answers
    from houselights.train.examples import Example

    asked = [answers.question(task, Example("x", "g", "the bridge"), ["against"]) for task in ("stance", "techniques")]
    texts = [str(line["text"]) for line in (*stance_lines(300), *technique_lines(300))] + asked * 20
    texts += ['{"stance": "favour"}', '{"stance": "against"}', '{"spans": [{"technique": "Doubt", "quote": "x"}]}'] * 20
    own = Tokenizer(models.BPE())
    own.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    own.decoder = decoders.ByteLevel()
    own.post_processor = processors.ByteLevel(trim_offsets=False)
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    own.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=600, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
        ),
    )
    whole = PreTrainedTokenizerFast(
        tokenizer_object=own,
        bos_token="<s>",
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        mask_token="<mask>",
    )
    whole.save_pretrained(folder)
    return len(whole)
