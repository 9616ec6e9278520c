"""Codes in the answers of chat platforms, which come with status 200."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from parkpulse.notify.platforms.contract import Judgement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parkpulse.notify.platforms.contract import Verdict

_LONGEST = 200


def judge(
    body: bytes,
    names: Sequence[tuple[str, str]],
    verdicts: Mapping[int, Verdict],
    wait_s: float,
) -> Judgement:
    """Find the code and what it means; an unknown one is a refusal.

    Parameters
    ----------
    body
        Of the answer.
    names
        Pairs of (field of the code, field of the words), by preference.
    verdicts
        What codes mean; 0 is success.
    wait_s
        How long this platform's limit lasts. [s]
    """
    try:
        found: Any = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return Judgement("later", "the answer is not JSON")
    for code_field, words_field in names:
        code = found.get(code_field) if isinstance(found, dict) else None
        if isinstance(code, int):
            if code == 0:
                return Judgement("accepted")
            verdict = verdicts.get(code, "refused")
            words = f"{code} {found.get(words_field, '')}"[:_LONGEST]
            return Judgement(verdict, words, wait_s if verdict == "limited" else None)
    return Judgement("later", "the answer has no code")
