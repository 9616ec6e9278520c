"""Words of the page that must not lack what the service can say."""

import re
from pathlib import Path

import pytest
from fastapi import routing

from api import app
from parkpulse.model import reasons

WORDS = Path(__file__).parents[2] / "dashboards" / "web" / "src" / "i18n"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_reason_of_the_quarantine_has_a_word(language: str) -> None:
    text = (WORDS / f"{language}.ts").read_text(encoding="utf-8")
    part = text[text.index("  quarantine: {") :]
    part = part[part.index("    reasons: {") :]
    names = re.findall(r"^      (\w+):", part[: part.index("    },")], re.MULTILINE)
    assert set(names) == set(reasons.TEXTS)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_action_of_the_audit_has_a_word(language: str) -> None:
    text = (WORDS / "deeds.svelte.ts").read_text(encoding="utf-8")
    part = text[text.index(f"const {language}") :]
    names = set(re.findall(r"^  (\w+):", part[: part.index("};")], re.MULTILINE))
    changing = {
        getattr(each, "name", None) or ""
        for each in routing.iter_route_contexts(app.described().routes)
        if (each.path or "").startswith("/api/") and set(each.methods or ()) - {"GET"}
    }
    assert len(changing) > 50
    assert {*changing, "login", "acknowledge"} <= names
