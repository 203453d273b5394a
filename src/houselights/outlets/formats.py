"""What can be read, format by format: text for the terminal, at most 80 columns wide, and JSON."""

import json
import textwrap
from collections.abc import Mapping, Sequence

WIDTH = 80
_INDENT = "    "


def text(formats: Sequence[Mapping[str, object]]) -> str:
    """Every format with its files, how fine its times are, what it knows of reposts and accounts, and its limits."""
    return "\n\n".join(_one(f) for f in formats)


def _one(f: Mapping[str, object]) -> str:
    of_reposts = "ids of the original" if f["repost_ids"] else "without the id of the original"
    accounts = "ids" if f["account_ids"] else "names"
    told = {
        "files": f["containers"],
        "times": f["time_precision"],
        "reposts": of_reposts,
        "accounts": accounts,
        "limits": f["limits"],
    }
    label = max(map(len, told)) + 2
    lines = [str(f["name"]), *textwrap.wrap(str(f["title"]), WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT)]
    for name, value in told.items():
        first = f"{_INDENT}{name + ':':<{label}}"
        lines += textwrap.wrap(str(value), WIDTH, initial_indent=first, subsequent_indent=" " * len(first))
    return "\n".join(lines)


def as_json(formats: Sequence[Mapping[str, object]]) -> str:
    return json.dumps({"formats": list(formats)}, ensure_ascii=False)
