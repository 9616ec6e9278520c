"""`parkpulse simulate` and `parkpulse replay`."""

from __future__ import annotations

import json
import math
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
from typing_extensions import override

from parkpulse import logs, settings
from parkpulse.bus import Publisher
from parkpulse.bus.bulk import BulkPublisher
from parkpulse.bus.hearing import Hearing
from parkpulse.model.registry import Code
from parkpulse.store import commandline
from simulators.demo import operate
from simulators.progress import Progress
from simulators.replay import mapping as mappings
from simulators.replay import rows, run
from simulators.scenario import document, encoders, files, reported, score, truth
from simulators.scenario import run as scenario_run
from simulators.scenario.park import Park
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
    logs.configure(config.log_level, config.log_format)
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


def _code(_: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Refuse what cannot be the code of a park."""
    try:
        return msgspec.convert(value, Code | None)
    except msgspec.ValidationError as error:
        message = f"{value!r} is no code: 1 to 64 of letters, digits and . _ : -"
        raise click.BadParameter(message, param=param) from error


_SEED = click.IntRange(0, 2**31)


@click.group(invoke_without_command=True)
@click.option("--demo", is_flag=True, help="The demonstration park.")
@click.option(
    "--scenario",
    metavar="NAME|FILE",
    help="A shipped scenario (see 'simulate scenarios') or a TOML file of one.",
)
@click.option(
    "--seed",
    type=_SEED,
    default=7,
    show_default=True,
    help="Of all chance: the same seed gives the same readings.",
)
@click.option(
    "--park",
    callback=_code,
    help="Code of the park; else `demo` or the scenario's name.",
)
@click.option(
    "--devices",
    type=click.IntRange(1, 1_000_000),
    help="How many, meters aside; else as the scenario has it.",
)
@click.option(
    "--speed",
    type=_Speed(),
    default="60",
    show_default=True,
    help="How many times as fast as the wall clock, max at once.",
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(encoders.NAMES),
    default="native",
    show_default=True,
    help="Format of the messages, of devices whose metrics it has.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write messages, park and truth into this folder and send nothing.",
)
@click.option(
    "--truth",
    "truth_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the truth into this file while messages are sent.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
@click.pass_context
def simulate(
    context: click.Context,
    *,
    demo: bool,
    scenario: str | None,
    seed: int,
    park: str | None,
    devices: int | None,
    speed: float,
    format_name: str,
    out: Path | None,
    truth_file: Path | None,
    as_json: bool,
) -> None:
    """Simulate a park, registered as a simulated one, with its devices and limits.

    --demo sends the demonstration park's past (a month of sensors, 13 months of
    meters), then what it measures now, until stopped. What has been stored is not sent
    again, so that a restart goes on where the last run ended.

    --scenario sends all messages of a scenario; the park's clock is the newest time
    that was sent. The same scenario, devices and seed give the same bytes.
    """
    if context.invoked_subcommand is not None:
        return
    if demo == (scenario is not None):
        message = "say what to simulate: --demo or --scenario NAME"
        raise click.UsageError(message)
    if scenario is None:
        _refuse_for_demo(context)
        _simulate_demo(seed, park or "demo")
        return
    made = Park(
        document.find(scenario, Path(scenario)),
        park or Path(scenario).stem,
        seed,
        devices,
        format_name,
    )
    if made.natives:
        _tell(f"{format_name} lacks what these measure: {', '.join(made.natives)}")
        _tell("They speak the native format · 该格式无法表达的设备使用原生格式")
    if out is not None:
        _write(made, out, as_json=as_json)
    else:
        _send(made, speed, truth_file, as_json=as_json)


_OF_SCENARIOS = {
    "devices": "--devices",
    "speed": "--speed",
    "format_name": "--format",
    "out": "--out",
    "truth_file": "--truth",
}


def _refuse_for_demo(context: click.Context) -> None:
    given = click.core.ParameterSource.COMMANDLINE
    for name, option in _OF_SCENARIOS.items():
        if context.get_parameter_source(name) is given:
            message = f"{option} is for --scenario; --demo takes --seed and --park"
            raise click.UsageError(message)


def _simulate_demo(seed: int, park: str) -> None:
    config = _configure()
    stopping = _stop_on_signals()
    now_s = int(time.time())
    url = config.required_database_url()
    with commandline.database(url, name="parkpulse simulate") as database:
        registered = operate.register(database, park, seed, now_s)
    topics = operate.heard_of(park)
    with Hearing(config.required_mqtt_url(), topics, window=_WINDOW) as publisher:
        sender = Sender(publisher, _tell, stopping)
        _send_past(registered, now_s, sender, stopping)
        if not stopping.is_set():
            _tell(f"Park {park} is live · 园区 {park} 正在实时模拟")
        operate.run_live(registered, now_s, sender, publisher.heard, stopping)
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


def _write(park: Park, folder: Path, *, as_json: bool) -> None:
    progress = Progress(f"Writing park {park.code}", park.messages)
    count = files.write(park, folder, progress.show)
    progress.finish(count)
    figures = {"park": park.code, "devices": park.devices, "written": count}
    print(json.dumps(figures) if as_json else f"{count} messages in {folder}")


def _send(park: Park, speed: float, truth_file: Path | None, *, as_json: bool) -> None:
    config = _configure()
    stopping = _stop_on_signals()
    if truth_file is not None:
        truth.write(park, truth_file)
    url = config.required_database_url()
    with commandline.database(url, name="parkpulse simulate") as database:
        scenario_run.register(database, park)
    progress = Progress(f"Simulating park {park.code}", park.messages)
    with BulkPublisher(config.required_mqtt_url()) as publisher:
        parts = scenario_run.paced(
            park.blocks(), park.scenario.start_s, speed, stopping
        )
        count = scenario_run.send(parts, publisher, _tell, progress.show, stopping)
        publisher.finish()
    progress.finish(count)
    _report_sent(park, count, publisher, as_json=as_json)
    if stopping.is_set():
        sys.exit(_INTERRUPTED)


def _report_sent(
    park: Park, count: int, publisher: BulkPublisher, *, as_json: bool
) -> None:
    figures = {
        "park": park.code,
        "devices": park.devices,
        "published": count,
        "acknowledged": publisher.acknowledged,
        "refused": publisher.refused,
        "unmatched": publisher.unmatched,
    }
    if as_json:
        print(json.dumps(figures))
        return
    print(
        f"{count} messages published, {publisher.acknowledged} acknowledged by the"
        f" broker, {publisher.refused + publisher.unmatched} not taken"
    )


@simulate.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
def scenarios(*, as_json: bool) -> None:
    """List the scenarios that are shipped."""
    found = document.library()
    if as_json:
        print(
            json.dumps(
                [_described(*each) for each in found.items()], ensure_ascii=False
            )
        )
        return
    for name, each in found.items():
        print(f"{name}  {each.name.zh} · {each.name.en}  ({each.duration_h:g} h)")
        print(f"    {each.about.zh}\n    {each.about.en}")


def _described(name: str, scenario: document.Scenario) -> dict[str, object]:
    return {
        "code": name,
        "name": {"zh": scenario.name.zh, "en": scenario.name.en},
        "about": {"zh": scenario.about.zh, "en": scenario.about.en},
        "start": scenario.start.isoformat(),
        "duration_h": scenario.duration_h,
        "events": len(scenario.events),
    }


@simulate.command("score")
@click.option(
    "--truth",
    "truth_file",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Truth file of the scenario.",
)
@click.option(
    "--url",
    default="http://127.0.0.1:8080",
    show_default=True,
    help="Address of the service.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
def score_command(truth_file: Path, url: str, *, as_json: bool) -> None:
    """Compare what the service reported of a scenario with what was true."""
    known = truth.read(truth_file)
    figures = score.score(known, reported.fetch(url, known))
    print(json.dumps(figures) if as_json else score.told(figures))


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
@click.option(
    "--park", callback=_code, help="Code of the park to send into; else the mapping's."
)
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
    url = config.required_database_url()
    with commandline.database(url, name="parkpulse replay") as database:
        run.register(database, spec)
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
