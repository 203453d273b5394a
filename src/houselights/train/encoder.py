"""Full tuning of an encoder: one yes or no per token and technique, or one class per text.

Techniques overlap, so each has a decision of its own at every token (a sigmoid, no tags that exclude each other): a span is an unbroken run of
tokens above one half.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from houselights.train import measures
from houselights.train.examples import Example, Span
from houselights.train.rows import Row, check_length, load, padded
from houselights.train.settings import TrainSettings

MODEL = "model"
_HEAD = r"(^|\.)(classifier|score|pooler|head)\."
"""Weights that a base lacks because they are what is to be learned."""
_TOGETHER = 32  # rows that are measured at once


class Encoder:
    """An encoder with a new head; all of its weights train."""

    def __init__(self, base: Path, names: Sequence[str], settings: TrainSettings, dtype: Any) -> None:
        from transformers import AutoTokenizer

        self.names, self.settings = tuple(names), settings
        self.tokenizer: Any = AutoTokenizer.from_pretrained(base, local_files_only=True)
        self.model: Any = _with_head(base, settings.task, dtype, num_labels=len(names), names=self.names)
        check_length(self.model.config, self.tokenizer, settings.max_tokens)
        self.loss = _loss_of_tokens if settings.task == "techniques" else _loss_of_classes

    def rows(self, examples: Sequence[Example]) -> list[Row]:
        if self.settings.task == "stance":
            return [self._text(example) for example in examples]
        return [row for example in examples for row, _ in self._windows(example)]

    def _text(self, example: Example) -> Row:
        limit = {"max_length": self.settings.max_tokens}
        if example.target:
            got = self.tokenizer(example.target, example.text, truncation="only_second", **limit)
        else:
            got = self.tokenizer(example.text, truncation=True, **limit)
        goal = self.names.index(example.label)
        return Row(got["input_ids"], goal, 1, got.get("token_type_ids"))

    def _windows(self, example: Example) -> Iterator[tuple[Row, list[tuple[int, int]]]]:
        """A long text in pieces, side by side, each with the places (start, end) of its tokens in the text; (0, 0) for tokens that are no text."""
        got = self.tokenizer(
            example.text,
            truncation=True,
            max_length=self.settings.max_tokens,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )
        types = got.get("token_type_ids")
        for i, places in enumerate(got["offset_mapping"]):
            goal = np.zeros((len(places), len(self.names)), bool)
            for span in example.spans:
                inside = [start < span.end and end > span.start for start, end in places]
                goal[inside, self.names.index(span.technique)] = True
            units = sum(end > start for start, end in places)
            if units:
                yield Row(got["input_ids"][i], (goal, places), units, types[i] if types else None), places

    def write(self, state: dict[str, Any] | None, folder: Path) -> None:
        self.model.save_pretrained(folder / MODEL, state_dict=state)
        self.tokenizer.save_pretrained(folder / MODEL)

    def measure(self, folder: Path, examples: Sequence[Example], device: Any) -> measures.Measures:
        """Of what was written into `folder`."""
        model = _with_head(folder / MODEL, self.settings.task, torch.float32).to(device).eval()
        if self.settings.task == "stance":
            rows = [self._text(example) for example in examples]
            best = [int(np.argmax(scores)) for scores in _scores(model, rows, device)]
            return measures.of_labels([self.names[i] for i in best], [row.label for row in examples])
        found: list[set[Span]] = [set() for _ in examples]
        pieces = [(i, row, places) for i, e in enumerate(examples) for row, places in self._windows(e)]
        scored = _scores(model, [row for _, row, _ in pieces], device)
        for (i, _, places), scores in zip(pieces, scored, strict=True):
            found[i].update(spans_of(scores > 0, places, examples[i].text, self.names))
        return measures.of_spans([sorted(spans) for spans in found], [row.spans for row in examples])


def spans_of(said: Any, places: Sequence[tuple[int, int]], text: str, names: Sequence[str]) -> list[Span]:
    """Unbroken runs of tokens of which a technique was said ([t, k] bool), without white space at their ends."""
    out = []
    for k, technique in enumerate(names):
        begin = end = -1
        for (start, stop), yes in zip([*places, (0, 0)], [*said[: len(places), k], False], strict=True):
            if stop > start and yes:
                begin, end = (start if begin < 0 else begin), stop
            elif begin >= 0:
                words = text[begin:end]
                begin += len(words) - len(words.lstrip())
                end -= len(words) - len(words.rstrip())
                if end > begin:
                    out.append(Span(begin, end, technique))
                begin = -1
    return out


def _scores(model: Any, rows: Sequence[Row], device: Any) -> Iterator[Any]:
    """Of each row: [k] of a text or [t, k] of its tokens; above 0 where more likely than not."""
    for begin in range(0, len(rows), _TOGETHER):
        some = rows[begin : begin + _TOGETHER]
        with torch.no_grad():
            logits = model(**padded(some, device)).logits.float().cpu().numpy()
        yield from logits


def _loss_of_tokens(model: Any, rows: Sequence[Row], device: Any) -> Any:
    inputs = padded(rows, device)
    logits = model(**inputs).logits.float()
    goal, counted = np.zeros(tuple(logits.shape), np.float32), np.zeros(tuple(logits.shape[:2]), bool)
    for i, row in enumerate(rows):
        of_tokens, places = row.goal
        goal[i, : len(places)] = of_tokens
        counted[i, : len(places)] = [end > start for start, end in places]
    told = torch.from_numpy(counted).to(device)
    each = binary_cross_entropy_with_logits(logits, torch.from_numpy(goal).to(device), reduction="none")
    return each.sum(dim=2)[told].sum()  # over techniques: the mean over them would make each weaker the more there are


def _loss_of_classes(model: Any, rows: Sequence[Row], device: Any) -> Any:
    goal = torch.tensor([row.goal for row in rows], device=device)
    return cross_entropy(model(**padded(rows, device)).logits.float(), goal, reduction="sum")


def _with_head(folder: Path, task: str, dtype: Any, names: Sequence[str] = (), **more: Any) -> Any:
    from transformers import AutoModelForSequenceClassification, AutoModelForTokenClassification

    kind = AutoModelForTokenClassification if task == "techniques" else AutoModelForSequenceClassification
    if names:
        more |= {"id2label": dict(enumerate(names)), "label2id": {name: i for i, name in enumerate(names)}}
    return load(kind, folder, dtype, _HEAD if names else "$^", **more)
