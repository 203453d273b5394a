"""Writes docs/annotation-quality.md from the figures beside this file: stance.json, techniques.json, embedded.json, name_ratings.json, speed.json."""

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs/annotation-quality.md"


def _told(name: str) -> dict[str, Any]:
    path = HERE / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


if __name__ == "__main__":
    print(_told("stance").keys())
