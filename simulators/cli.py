"""`parkpulse simulate` and `parkpulse replay`."""

from __future__ import annotations

import json
import logging
import math
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
from typing_extensions import override

from parkpulse import settings
from parkpulse.bus import Publisher
from parkpulse.store.pool import Database
from simulators.demo import operate
from simulators.progress import Progress
from simulators.replay import mapping as mappings
from simulators.replay import rows, run
from simulators.sending import Sender

if TYPE_CHECKING:
    from parkpulse.settings import Settings
    from simulators.sending import Counts

_ANSWERS_WITHIN_S = 60.0
_INTERRUPTED = 130
_WINDOW = 50
"""Messages of the past are large, so few are kept in memory."""


def _configure() -> Settings:
    config = settings.load()
    logging.basicConfig(
        level=config.log_level.upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    return config


def _stop_on_signals() -> threading.Event:
    stopping = threading.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: stopping.set())
    return stopping


def _tell(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


class _Speed(click.ParamType[float, str]):
    """A factor above zero, or `max`."""

    name = "N|max"

    @override
    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        if value == "max":
            return math.inf
        try:
            speed = float(value)
        except ValueError:
            speed = math.nan
        if not 0 < speed < math.inf:
            self.fail(f"{value!r} is neither a number above 0 nor 'max'", param, ctx)
        return speed


@click.command()
@click.option("--demo", is_flag=True, help="The demonstration park.")
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31),
    default=7,
    show_default=True,
    help="Of all chance: the same seed gives the same readings.",
)
@click.option("--park", default="demo", show_default=True, help="Code of the park.")
def simulate(*, demo: bool, seed: int, park: str) -> None:
    """Simulate a park: send its past, then what it measures now, until stopped.

    The park is registered as a simulated one, with its devices, data centre and limits.
    Its past is a month of sensors and 13 months of meters. What has been stored is not
    sent again, so that a restart goes on where the last run ended.
    """
    if not demo:
        message = "say what to simulate: --demo"
        raise click.UsageError(message)
    config = _configure()
    stopping = _stop_on_signals()
    now_s = int(time.time())
    database = Database(
        config.required_database_url(), size=1, name="parkpulse simulate"
    )
    database.open()
    try:
        registered = operate.register(database, park, seed, now_s)
    finally:
        database.close()
    with Publisher(config.required_mqtt_url(), window=_WINDOW) as publisher:
        sender = Sender(publisher, _tell, stopping)
        _send_past(registered, now_s, sender, stopping)
        if not stopping.is_set():
            _tell(f"Park {park} is live · 园区 {park} 正在实时模拟")
        operate.run_live(registered, now_s, sender, stopping)
        sender.finish(_ANSWERS_WITHIN_S)


def _send_past(
    registered: operate.Demo, now_s: int, sender: Sender, stopping: threading.Event
) -> None:
    total = operate.past_parts(registered, now_s)
    if not total:
        return
    progress = Progress(f"Sending the past of park {registered.code}", total)
    done = operate.send_past(registered, now_s, sender, progress.show, stopping)
    sender.finish(_ANSWERS_WITHIN_S)
    progress.finish(done)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--mapping",
    "mapping_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What the file's columns mean; found by the file's name unless given.",
)
@click.option(
    "--speed",
    type=_Speed(),
    default="max",
    show_default=True,
    help="1 as fast as it was measured, 60 sixty times as fast, max at once.",
)
@click.option("--park", help="Code of the park to send into; else the mapping's.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
def replay(
    file: Path,
    mapping_file: Path | None,
    speed: float,
    park: str | None,
    *,
    as_json: bool,
) -> None:
    """Send the measurements of FILE through MQTT, as their devices would have.

    The park's clock is the newest time that was sent. Sending a file again changes
    nothing: every reading is known by its series and time.
    """
    config = _configure()
    mapping = mappings.read(mapping_file) if mapping_file else mappings.find(file)
    contents = rows.read(file, mapping)
    spec = mappings.for_park(mapping, park)
    database = Database(config.required_database_url(), size=1, name="parkpulse replay")
    database.open()
    try:
        run.register(database, spec)
    finally:
        database.close()
    stopping = _stop_on_signals()
    progress = Progress(
        f"Replaying {file.name} into {spec.code}", len(contents.sendings)
    )
    with Publisher(config.required_mqtt_url()) as publisher:
        sender = Sender(publisher, _tell, stopping)
        due = run.paced(contents.sendings, speed, stopping)
        run.send(due, spec.code, sender, progress.show)
        sender.finish(_ANSWERS_WITHIN_S)
    progress.finish(sender.counts.published)
    _report(spec.code, contents, sender.counts, as_json=as_json)
    if stopping.is_set():
        sys.exit(_INTERRUPTED)


def _report(
    park: str, contents: rows.Contents, counts: Counts, *, as_json: bool
) -> None:
    figures = {
        "park": park,
        "rows": contents.rows,
        "rows_without_values": contents.empty_rows,
        "published": counts.published,
        "acknowledged": counts.acknowledged,
        "refused": counts.refused,
        "unmatched": counts.unmatched,
    }
    if as_json:
        print(json.dumps(figures))
        return
    print(
        f"{counts.published} messages published, {counts.acknowledged} acknowledged by"
        f" the broker, {counts.refused + counts.unmatched} not taken; {contents.rows}"
        f" rows, {contents.empty_rows} of them without a value"
    )
