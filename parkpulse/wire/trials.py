"""Messages that a person hands over, decoded without any past and without storing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from parkpulse.errors import DecodeError
from parkpulse.wire import inputs, telling

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parkpulse.wire.context import Context
    from parkpulse.wire.formats import Format
    from parkpulse.wire.inputs import Piece


def told(
    form: Format, pieces: Sequence[Piece], topics: Sequence[str], context: Context
) -> list[dict[str, Any]]:
    """Say what each message says, or why it is refused, as JSON.

    Parameters
    ----------
    form
        Format of all messages.
    pieces
        Messages; each may have its own topic.
    topics
        Topics of those that have none: in turn, then the last.
    context
        What else decoders may know.
    """
    arrived = list(_arrivals(form, pieces, topics, context))
    found = list(_decoded(form, arrived))
    if len(arrived) != 1 or not found or "error" not in found[0]:
        return found
    payload, its_context = arrived[0]
    parts = [(each, its_context) for each in inputs.elements(payload)]
    told_parts = list(_decoded(form, parts))
    # An array of messages, unless none of its elements is one.
    is_list = any("error" not in each for each in told_parts)
    return told_parts if is_list else found


def _arrivals(
    form: Format, pieces: Sequence[Piece], topics: Sequence[str], context: Context
) -> Iterator[tuple[bytes, Context]]:
    """Give each message its topic: its line's, else its own or the last of `topics`."""
    for index, piece in enumerate(pieces):
        named = topics[min(index, len(topics) - 1)] if topics else ""
        its_context = replace(context, topic=piece.topic or named)
        for payload in form.split(piece.payload):
            yield payload, its_context


def _decoded(
    form: Format, arrived: Sequence[tuple[bytes, Context]]
) -> Iterator[dict[str, Any]]:
    """Say what each message says; fragments only as the whole, if it comes."""
    decoder = form.make()
    waiting: dict[str, Any] | None = None
    for payload, context in arrived:
        try:
            telegram = decoder.decode(payload, context)
        except DecodeError as error:
            yield telling.error_as_json(error)
            continue
        found = telling.as_json(telegram, context)
        if telegram.awaits:
            waiting = found
        else:
            waiting = None
            yield found
    if waiting is not None:
        yield waiting
