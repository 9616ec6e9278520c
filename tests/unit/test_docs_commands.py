"""Every command of ours in the guides and the README exists, with its options."""

from __future__ import annotations

import functools
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner

from parkpulse import examples
from parkpulse.cli import cli
from parkpulse.model import duty as duty_model
from parkpulse.query import duty, responses

ROOT = Path(__file__).parents[2]
FILES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_FENCED = re.compile(r"^ *```\w*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"(?<!`)`([^`\n]*\n?[^`\n]*)`(?!`)")
_YAML = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
_DEMO = ROOT / "simulators" / "demo" / "park.toml"
_ENDS = {"|", ">", "&&", ";", "||", "2>&1", ">>"}


def _shown(text: str) -> list[str]:
    """Return the commands of code blocks and of code between words."""
    blocks = "\n".join(_FENCED.findall(text)).replace("\\\n", " ").splitlines()
    inline = [" ".join(each.split()) for each in _INLINE.findall(_FENCED.sub("", text))]
    found = []
    for line in (*blocks, *inline):
        match = re.match(r"(?:\$ |(?:\w+=\S+ )*(?:\S*/)?)parkpulse( .*)$", line.strip())
        if match is not None:
            found.append(re.split(r"\s+#\s|\s{3,}", match[1])[0].strip())
    return found


def _words(line: str) -> list[str]:
    try:
        words = shlex.split(line)
    except ValueError:  # an apostrophe of a sentence
        words = line.split()
    ends = [i for i, word in enumerate(words) if word in _ENDS]
    return words[: ends[0]] if ends else words


@functools.cache
def _under(command: click.Command, name: str) -> click.Command | None:
    if not isinstance(command, click.Group):
        return None
    return command.get_command(click.Context(command), name)


def _complaint(line: str) -> str | None:
    command: click.Command = cli
    words = _words(line)
    while words and (below := _under(command, words[0])) is not None:
        command = below
        words = words[1:]
    if command is cli and words != ["--help"]:
        return "there is no such command"
    options = {
        each
        for parameter in command.params
        for each in (*parameter.opts, *parameter.secondary_opts)
    } | {"--help"}
    given = {word.split("=")[0] for word in words if re.match(r"--[a-z]", word)}
    if given - options:
        return f"it has no {', '.join(sorted(given - options))}"
    needs_one = isinstance(command, click.Group) and not command.invoke_without_command
    if needs_one and words and re.fullmatch(r"[a-z][a-z-]*", words[0]):
        return f"there is no {words[0]}"
    return None


@pytest.mark.parametrize("file", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_shown_can_be_typed(file: Path) -> None:
    shown = _shown(file.read_text(encoding="utf-8"))
    wrong = {line: found for line in shown if (found := _complaint(line)) is not None}
    assert wrong == {}


def test_examples_of_the_help_can_be_typed() -> None:
    root = click.Context(cli)
    given = {name: examples.of(name) for name in cli.list_commands(root)}
    assert [name for name, text in given.items() if text is None] == ["engine"], given
    blocks = [f"```\n{text}\n```" for text in given.values() if text]
    shown = [line for text in blocks for line in _shown(text)]
    assert len(shown) >= len(blocks)
    assert [line for line in shown if _complaint(line) is not None] == []
    asked = CliRunner().invoke(cli, ["rules", "--help"]).output
    assert "Examples:\n    parkpulse rules list --park demo\n" in asked


def test_the_list_of_commands_has_whole_sentences() -> None:
    said = CliRunner().invoke(cli, ["--help"]).output
    assert "..." not in said.split("Commands:")[1]
    below = CliRunner().invoke(cli, ["registry", "--help"]).output
    assert "..." not in below.split("Commands:")[1]
    for name in cli.list_commands(click.Context(cli)):
        assert f"\n  {name} " in said


def test_commands_are_found_and_wrong_ones_noticed() -> None:
    shown = [line for file in FILES for line in _shown(file.read_text("utf-8"))]
    assert len(shown) > 100
    assert _complaint("ledger") is None
    assert _complaint("db url") is None
    assert _complaint("db urls") == "there is no urls"
    assert _complaint("ledgers") == "there is no such command"
    assert _complaint("doctor --jason") == "it has no --jason"


def _demo(table: str) -> set[str]:
    found = tomllib.loads(_DEMO.read_text(encoding="utf-8"))
    return {each["code"] for each in found[table]}


def _value(words: list[str], option: str) -> str | None:
    return words[words.index(option) + 1] if option in words else None


def test_examples_of_the_demonstration_park_name_what_it_has() -> None:
    texts = [file.read_text("utf-8") for file in FILES]
    helps = [text for name in cli.commands if (text := examples.of(name))]
    lines = [line for text in texts for line in _shown(text)]
    lines += [line.strip() for text in helps for line in text.splitlines()]
    given = [words for line in lines if "demo" in (words := _words(line))]
    assert len(given) > 10
    for option, table in (("--device", "devices"), ("--place", "places")):
        named = {value for words in given if (value := _value(words, option))}
        assert named <= _demo(table), (option, named - _demo(table))


def _documents() -> list[dict[str, Any]]:
    text = (ROOT / "docs" / "alerts.md").read_text("utf-8")
    return [yaml.safe_load(each) for each in _YAML.findall(text)]


def test_plans_of_the_guide_can_be_put() -> None:
    duties = [each for each in _documents() if "rosters" in each]
    plans = [each for each in _documents() if "commands" in each]
    assert (len(duties), len(plans)) == (1, 1)
    duty_model.check(duty.read(duties[0]))
    wanted = responses.read_document(plans[0])
    assert {each.device for each in wanted.commands} <= _demo("devices")


def test_what_lists_what_there_is_can_be_typed() -> None:
    lines = [each.removeprefix("parkpulse ") for each in examples.LISTS.values()]
    assert {line: said for line in lines if (said := _complaint(line))} == {}
