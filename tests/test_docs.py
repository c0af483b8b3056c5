"""The generated pages are current, and Markdown leaves their formulas alone."""

import importlib.util
import re
from pathlib import Path

import pytest

PATH = Path(__file__).parents[1] / "docs" / "generate.py"


@pytest.fixture(scope="module")
def generate():
    spec = importlib.util.spec_from_file_location("generate", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def pages(generate):
    return generate.pages()


def test_the_pages_are_current(generate, pages):
    old = [p.name for p, text in pages.items() if not p.exists() or p.read_text(encoding="utf-8") != text]
    assert not old, f"docs: {', '.join(old)} don't say what the table says; run `{generate.COMMAND}` and commit them"


def test_the_command_checks_and_writes(generate, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(generate, "DOCS", tmp_path)
    assert generate.main(["--check"]) == 1
    assert capsys.readouterr().out.splitlines()[0] == "coverage.md isn't current: run python docs/generate.py"
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0


def test_a_table_has_as_many_cells_in_each_row(pages):
    for text in pages.values():
        for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
            cells = {len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}
            assert len(cells) == 1, table


def test_markdown_leaves_formulas_alone(pages):
    for text in pages.values():
        for formula in re.findall(r"\$([^$]*)\$", text):
            assert not re.search(r"\\[^A-Za-z]|\|", formula), formula
            assert formula.count("{") == formula.count("}"), formula


def test_every_op_has_a_row_and_every_function_is_named(generate, pages):
    page = pages[PATH.parent / "coverage.md"]
    for op in generate.own_ops():
        assert generate.code(op.signature) in page
    for room in generate.ROOMS:
        for name, _ in generate.public(generate.ROOMS[room][0]):
            assert f"`{name}`" in page or f"`{name}(" in page


def test_what_cannot_be_read_stands_as_its_text(generate):
    put_view = generate.table["put_view"]
    assert generate.rule_text(put_view, 1, put_view.rules[1]) == "view.call(g, *args)"
