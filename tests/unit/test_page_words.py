"""Words of the page that must not lack what the service can say."""

import re
from pathlib import Path

import pytest

from parkpulse.model import reasons

WORDS = Path(__file__).parents[2] / "dashboards" / "web" / "src" / "i18n"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_reason_of_the_quarantine_has_a_word(language: str) -> None:
    text = (WORDS / f"{language}.ts").read_text(encoding="utf-8")
    part = text[text.index("  quarantine: {") :]
    part = part[part.index("    reasons: {") :]
    names = re.findall(r"^      (\w+):", part[: part.index("    },")], re.MULTILINE)
    assert set(names) == set(reasons.TEXTS)
