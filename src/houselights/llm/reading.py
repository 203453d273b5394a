"""What a model wrote -> a JSON object that fits the task's schema, or the reason why it is none."""

import json
from functools import cache
from typing import Any

from houselights.core.errors import HouselightsError
from houselights.llm.base import Check, Fields
from houselights.llm.prompts import load

MISSING = "asking a language model needs the extra: pip install 'houselights[llm]'"
MOST_CHARACTERS = 20_000


_MOST_TOKENS = 2**53


def counted(value: Any) -> int:
    """A number of tokens as somebody else's JSON has it; 0 for what is none."""
    try:
        number = int(value or 0)
    except (ValueError, TypeError, OverflowError):
        return 0
    return number if 0 <= number <= _MOST_TOKENS else 0


def plain(text: str) -> str:
    """The text as every file and table can hold it."""
    return text.encode("utf-8", "replace").decode()


def read(task: str, text: str, fields: Fields, check: Check | None) -> tuple[dict[str, Any] | None, str]:
    """(the answer, '') or (None, what is wrong with it, in words that a model understands)."""
    found = _object(text[:MOST_CHARACTERS])
    if found is None:
        return None, "It is no JSON object."
    for error in _validator(task).iter_errors(found):
        where = "/".join(str(p) for p in error.absolute_path)
        return None, f"At '{where}': {error.message[:200]}."
    complaint = check(found, fields) if check else ""
    return (None, complaint) if complaint else (found, "")


def _object(text: str) -> dict[str, Any] | None:
    """The text as a JSON object; some servers wrap it in a code fence, some models say a word before it."""
    begin, end = text.find("{"), text.rfind("}")
    for piece in (text, text[begin : end + 1]):
        try:
            found = json.loads(piece)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            return found
    return None


@cache
def _validator(task: str) -> Any:
    try:
        from jsonschema import Draft202012Validator
    except ImportError as error:
        raise HouselightsError(MISSING) from error
    return Draft202012Validator(load(task).schema)
