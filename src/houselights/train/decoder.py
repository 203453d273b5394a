"""LoRA of a causal language model (Hu et al. 2021, arXiv 2106.09685): instruction and fenced post -> JSON answer, the loss on the answer only."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from houselights.core.errors import HouselightsError
from houselights.train import answers, measures
from houselights.train.examples import Example
from houselights.train.rows import IGNORED, Row, check_length, load, padded
from houselights.train.settings import TrainSettings

ADAPTER, MODEL = "adapter", "merged"


class Decoder:
    """A causal model with an adapter. `model` is what trains; the base's own weights stay as they are."""

    def __init__(self, base: Path, names: Sequence[str], settings: TrainSettings, dtype: Any) -> None:
        from peft import LoraConfig, get_peft_model
        from transformers import AutoTokenizer

        self.names, self.settings, self.base = tuple(names), settings, base
        self.tokenizer: Any = AutoTokenizer.from_pretrained(base, local_files_only=True)
        bare = _bare(base, dtype)
        check_length(bare.config, self.tokenizer, settings.max_tokens)
        if self.tokenizer.eos_token_id is None:
            raise HouselightsError(f"the tokenizer of {base} has no end-of-text token, so that answers would not end.")
        kind = LoraConfig(
            r=settings.lora_rank,
            lora_alpha=settings.lora_alpha,
            lora_dropout=0.0,
            target_modules="all-linear",
            task_type="CAUSAL_LM",
        )
        self.model: Any = get_peft_model(bare, kind)

    def rows(self, examples: Sequence[Example]) -> list[Row]:
        return [self._row(example) for example in examples]

    def _row(self, example: Example) -> Row:
        length = len(example.text)
        while True:
            piece = answers.cut(example, length)
            asked = self._question(piece)
            answered = [*self._ids(answers.answer(self.settings.task, piece)), self.tokenizer.eos_token_id]
            over = len(asked) + len(answered) - self.settings.max_tokens
            if over <= 0:
                goal = [IGNORED] * len(asked) + answered
                return Row([*asked, *answered], goal, len(answered))
            length = self._shorter(length, over, len(asked))

    def _shorter(self, length: int, over: int, n_tokens: int) -> int:
        """A text too long is cut at its end, and its answer with it: a quote from what is not shown would be learned as invention."""
        shorter = length - max(1, length * over // n_tokens)
        if shorter <= 0:
            raise HouselightsError(
                f"--max-tokens {self.settings.max_tokens} leaves no room for a text beside instruction and answer. Give more."
            )
        return shorter

    def _question(self, example: Example) -> list[int]:
        text = answers.question(self.settings.task, example, self.names)
        if not self.tokenizer.chat_template:
            return self._ids(text, special=True)
        said = [{"role": "user", "content": text}]
        return self._ids(self.tokenizer.apply_chat_template(said, tokenize=False, add_generation_prompt=True))

    def _ids(self, text: str, special: bool = False) -> list[int]:
        ids: list[int] = self.tokenizer(text, add_special_tokens=special)["input_ids"]
        ends = self.tokenizer.eos_token_id
        return ids[:-1] if special and ids and ids[-1] == ends else ids  # some tokenizers end every text

    @staticmethod
    def loss(model: Any, rows: Sequence[Row], device: Any) -> Any:
        inputs = padded(rows, device)
        longest = inputs["input_ids"].shape[1]
        goal = torch.tensor([[*row.goal, *[IGNORED] * (longest - len(row.goal))] for row in rows], device=device)[:, 1:]
        asked = goal != IGNORED
        logits = (
            model(**inputs).logits[:, :-1][asked].float()
        )  # the answer's places alone: the rest of [b, t, V] in 32 bits is much memory
        return cross_entropy(logits, goal[asked], reduction="sum")

    def write(self, state: dict[str, Any] | None, folder: Path) -> None:
        """The adapter, and the base with the adapter added in (`merged`), both as safetensors; `state`: of all weights, None for those of `model`."""
        from peft import PeftModel

        self.model.peft_config[
            "default"
        ].base_model_name_or_path = self.base.name  # who gets the adapter need not know our directories
        self.model.save_pretrained(
            folder / ADAPTER, state_dict=state, save_embedding_layers=False
        )  # they are the base's
        (folder / ADAPTER / "README.md").unlink(missing_ok=True)  # a form to fill in; the model card says it
        bare = _bare(self.base, "auto")
        merged = PeftModel.from_pretrained(bare, folder / ADAPTER).merge_and_unload()
        merged.save_pretrained(folder / MODEL)
        self.tokenizer.save_pretrained(folder / MODEL)

    def measure(self, folder: Path, examples: Sequence[Example], device: Any) -> measures.Measures:
        """Of what was written into `folder`, by the answers that it gives."""
        model = _bare(folder / MODEL, "auto").to(device).eval()
        some = examples[: self.settings.answers]
        written = [self._written(model, row, device) for row in some]
        counted = {"n_answered": float(len(some))}
        if self.settings.task == "stance":
            given = [answers.label(text, self.names) for text in written]
            return counted | measures.of_labels(given, [row.label for row in some])
        found = [answers.spans(text, row.text, self.names) for text, row in zip(written, some, strict=True)]
        return counted | measures.of_spans(found, [row.spans for row in some])

    def _written(self, model: Any, example: Example, device: Any) -> str:
        room, length = answers.NEW_TOKENS[self.settings.task], len(example.text)
        room = min(room, self.settings.max_tokens // 2)
        ids = self._question(example)
        while len(ids) > self.settings.max_tokens - room:
            length = self._shorter(length, len(ids) - self.settings.max_tokens + room, len(ids))
            ids = self._question(answers.cut(example, length))
        shown = torch.tensor([ids], device=device)
        with torch.no_grad():
            out = model.generate(
                input_ids=shown,
                attention_mask=torch.ones_like(shown),
                max_new_tokens=room,
                do_sample=False,
                eos_token_id=self.tokenizer.eos_token_id,
                pad_token_id=self.tokenizer.eos_token_id,
            )
        return str(self.tokenizer.decode(out[0, len(ids) :], skip_special_tokens=True))


def _bare(folder: Path, dtype: Any) -> Any:
    from transformers import AutoModelForCausalLM

    return load(AutoModelForCausalLM, folder, dtype)
