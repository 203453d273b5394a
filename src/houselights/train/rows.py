"""Tokenised rows, what a loop needs to train on them, and how they are padded together."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from houselights.core.errors import HouselightsError

IGNORED = -100  # what PyTorch leaves out of a cross entropy


@dataclass(frozen=True)
class Row:
    ids: Sequence[int]
    goal: Any  # of a causal model [t] ids or IGNORED; of tokens [t, k] bool; of a text its class
    units: int  # what its loss is the sum over: answer tokens, tokens of text, or 1
    types: Sequence[int] | None = None  # which of a pair each token is of, where the model knows that


@dataclass(frozen=True)
class Job:
    model: Any
    rows: Sequence[Row]
    held_out: Sequence[Row]
    loss: Callable[[Any, Sequence[Row], Any], Any]  # (model, rows, device) -> sum over the units of all rows


def padded(rows: Sequence[Row], device: Any) -> dict[str, Any]:
    """What a model is called with. Padding is masked, so that any id does, and a tokenizer without one needs none."""
    longest = max(len(row.ids) for row in rows)
    inputs = {
        "input_ids": [[*row.ids, *[0] * (longest - len(row.ids))] for row in rows],
        "attention_mask": [[1] * len(row.ids) + [0] * (longest - len(row.ids)) for row in rows],
    }
    if all(row.types is not None for row in rows):
        inputs["token_type_ids"] = [[*(row.types or ()), *[0] * (longest - len(row.ids))] for row in rows]
    return {name: torch.tensor(value, device=device) for name, value in inputs.items()}


def check_length(config: Any, tokenizer: Any, max_tokens: int) -> None:
    """Raises HouselightsError where the model has no place for so many tokens, or the tokenizer cannot say where a token stands."""
    if not tokenizer.is_fast:
        raise HouselightsError("the tokenizer of --base cannot tell where a token stands: it needs a tokenizer.json.")
    places = getattr(config, "max_position_embeddings", None)
    if places and getattr(config, "model_type", "") in ("roberta", "xlm-roberta", "camembert", "xlm-roberta-xl"):
        places -= config.pad_token_id + 1  # their places are counted from there
    if places and max_tokens > places:
        raise HouselightsError(f"--max-tokens {max_tokens}: the model of --base has places for {places}. Give fewer.")


def load(kind: Any, folder: Path, dtype: Any, may_lack: str = "$^", **more: Any) -> Any:
    """A model of a directory, from safetensors alone (a pickle runs what it likes). Raises HouselightsError where weights are missing other than
    those whose names match `may_lack`: they would be random, silently."""
    try:
        model, told = kind.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype=dtype, output_loading_info=True, **more
        )
    except (OSError, ValueError) as error:
        first = next(iter(str(error).splitlines()), "")[:200]
        raise HouselightsError(
            f"{folder} cannot be loaded ({first}). A model directory holds config.json, model.safetensors and tokenizer.json."
        ) from error
    lacking = sorted(name for name in told["missing_keys"] if not re.search(may_lack, name))
    if lacking:
        raise HouselightsError(
            f"{folder} lacks weights ({lacking[0]} and {len(lacking) - 1} more). Copy the whole model."
        )
    return model
