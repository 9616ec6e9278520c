"""Whatever comes in, a decoder answers with a telegram or DecodeError; shortly."""

from __future__ import annotations

import pytest

from parkpulse.wire import formats
from tests.fuzzing import Fuzzer, seeds

INPUTS = 6000


def test_unknown_input_for_every_decoder() -> None:
    result = Fuzzer(seed=20_241_109).run(INPUTS)
    assert result.inputs == INPUTS
    asked = result.accepted + result.refused
    assert set(asked) == set(seeds())
    assert asked.total() == INPUTS


@pytest.mark.parametrize("name", sorted(formats.FORMATS))
def test_every_decoder_is_fed_with_something_that_it_reads(name: str) -> None:
    fuzzer = Fuzzer(seed=1)
    for seed in seeds()[name]:
        fuzzer.feed(seed)
    assert fuzzer.result.accepted[name] > 0
