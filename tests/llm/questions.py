"""Questions for a scripted server."""

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from houselights.core.tables import ASKED
from houselights.llm import ask

ANSWER = {"quote": "good", "stance": "favour"}


def stance(posts: Sequence[str], model: str, target: str = "the tax") -> list[ask.Wanted]:
    rows = [
        {
            "task": "stance",
            "subject_id": f"p{i}",
            "target": target,
            "language": "",
            "fields": ask.dumps({"post": post}),
        }
        for i, post in enumerate(posts)
    ]
    return ask.wanted(pa.Table.from_pylist(rows, schema=ASKED), model)


def numbered(n: int) -> list[str]:
    return [f"post number {i} says that this is good" for i in range(n)]


def agree(body: dict[str, Any]) -> str:
    return json.dumps(ANSWER)
