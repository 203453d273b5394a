"""The documents say what exists, and nothing a user reads holds a word that judges people."""

import argparse
import importlib.util
import re
from pathlib import Path

import pytest

from houselights.core import tables
from houselights.outlets import cli

ROOT = Path(__file__).parents[1]
DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BANNED = re.compile(r"\b(bots?|botnets?|trolls?|fake[drs]?|propagand\w*|russians?)\b", re.IGNORECASE)


def _commands() -> dict[str, argparse.ArgumentParser]:
    (actions,) = (a for a in cli.build_parser()._actions if isinstance(a, argparse._SubParsersAction))
    return dict(actions.choices)


def _text() -> str:
    return "\n".join(p.read_text(encoding="utf-8") for p in DOCS)


@pytest.mark.parametrize("name", sorted(_commands()))
def test_every_command_and_option_is_documented(name: str) -> None:
    text = _text()
    assert f"houselights {name}" in text
    for action in _commands()[name]._actions:
        for option in action.option_strings:
            if option not in ("-h", "--help"):
                assert f"`{option}" in text or f" {option} " in text, f"{name} {option}"
        for choice in action.choices or ():
            assert f"`{choice}`" in text or choice in text, f"{name} {choice}"


def test_no_command_is_documented_that_does_not_exist() -> None:
    names = re.compile(r"`houselights ([a-z]+)")
    assert set(names.findall(_text())) <= set(_commands())


def test_every_command_does_something() -> None:
    from houselights.outlets import commands

    assert all(callable(getattr(commands, name)) for name in _commands())


def test_links_between_documents_lead_somewhere() -> None:
    for page in DOCS:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert "://" in target or (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_page_of_scale_is_current() -> None:
    spec = importlib.util.spec_from_file_location("scale_arithmetic", ROOT / "docs/scale_arithmetic.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    page = module.PAGE.read_text(encoding="utf-8")
    assert module.text(page) == page, "python docs/scale_arithmetic.py writes it"


def test_the_tables_page_is_current() -> None:
    spec = importlib.util.spec_from_file_location("write_tables", ROOT / "docs/write_tables.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    page = (ROOT / "docs/tables.md").read_text(encoding="utf-8")
    assert page == module.text(), "run `python docs/write_tables.py`"
    for table in tables.ALL:
        assert all(f"| `{c.name}` |" in page and c.meaning for c in table.columns)


def test_the_formats_page_is_current() -> None:
    from houselights.ingest import formats

    spec = importlib.util.spec_from_file_location("write_formats", ROOT / "docs/write_formats.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    page = (ROOT / "docs/formats.md").read_text(encoding="utf-8")
    assert page == module.text(), "run `python docs/write_formats.py`"
    assert all(f"| `{f['name']}` |" in page for f in formats())


def test_every_public_name_is_documented() -> None:
    import houselights

    text = _text()
    for name in ("scan", "open_run"):
        assert f"hl.{name}(" in text
    for name in ("findings", "highlights", "explain", "plot.timeline"):
        assert f"run.{name}" in text
    assert houselights.__version__ in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_no_word_that_judges_people() -> None:
    outlets = [*(ROOT / "src/houselights/outlets").rglob("*.*"), ROOT / "src/houselights/api.py"]
    read = (ROOT / "README.md", ROOT / "docs/tables.md", ROOT / "CHANGELOG.md")
    pages = [p for p in (*outlets, *read) if p.suffix in (".py", ".css", ".js", ".md")]
    found = {f"{p.name}: {m}" for p in pages for m in BANNED.findall(p.read_text(encoding="utf-8"))}
    assert not found


def test_the_version_is_one() -> None:
    import tomllib

    import houselights

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == houselights.__version__
