"""The page on the real service: real processes, servers and browser.

service    Service of the whole session: `chain` (all processes), the simulated park
           `demo` with its past and present, and a small park `quay` whose readings
           the test sends (`publish`).
visit      Opens the page in a fresh browser: `visit("#/demo", language="zh")` gives
           playwright's Page. The test fails on any error in the console, any request
           to another host, anything that the content security policy stopped.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest
from msgspec.structs import replace
from playwright.sync_api import expect

from parkpulse import bus
from parkpulse.model.definitions import Absence, AnomalyRule, QualityRule
from parkpulse.model.registry import DeviceSpec, Name, ParkSpec, PlaceSpec, SeriesSpec
from parkpulse.model.rule import Level, RuleSpec, Scope, Threshold, shipped
from parkpulse.services import account, ports
from parkpulse.services.broker import Broker
from parkpulse.store import registry, rules
from parkpulse.store.pool import Database
from tests.plugins import fix_chain, fix_services
from tests.plugins.fix_services import BrokerServer, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page, Request

    from parkpulse.services.servers import Servers
    from tests.plugins.fix_chain import Chain
    from tests.plugins.fix_services import DatabaseServer

# The machine may be busy with other tests.
expect.set_options(timeout=15_000)

OUTPUT = Path(__file__).parents[1] / "output" / "page"
LIMIT_M = 1.5
_GAUGES = ("gauge-1", "gauge-2", "gauge-3")
_WITHIN_S = 180.0
_WHOLE = 0.99
"""Share of the demonstration's past whose readings are there at least."""
_PAST_WITHIN_S = 240.0


@dataclass
class Service:
    """Everything behind the page."""

    chain: Chain
    sent: int = 0

    def publish(self, device: str, level_m: float) -> None:
        """Send one reading of a gauge of the park `quay`, measured now."""
        self.sent += 1
        now_ms = round(time.time() * 1000)
        sample = {"ts": now_ms, "values": {"water_level": level_m}}
        message = {"seq": self.sent, "sent": now_ms, "samples": [sample]}
        self.send(device, json.dumps(message).encode())

    def send(self, device: str, payload: bytes) -> None:
        """Publish any payload as a device of the park `quay`."""
        with bus.Publisher(self.chain.broker.url) as publisher:
            topic = f"parkpulse/v1/quay/{device}/telemetry"
            receipt = publisher.publish(topic, payload)
            assert publisher.wait(receipt, _WITHIN_S) is bus.State.TAKEN


def _name(zh: str, en: str) -> Name:
    return Name(zh=zh, en=en)


def _quay() -> ParkSpec:
    gauges = [
        DeviceSpec(
            code=code,
            kind="water_level",
            name=_name(f"码头水位计 {number}", f"Quay gauge {number}"),
            series=[SeriesSpec(metric="water_level")],
            place="basin",
            report_interval_s=60,
        )
        for number, code in enumerate(_GAUGES, 1)
    ]
    return ParkSpec(
        code="quay",
        name=_name("码头园区", "Quay park"),
        accept_from=datetime.now(UTC) - timedelta(days=1),
        places=[
            PlaceSpec(code="basin", kind="river_section", name=_name("港池", "Basin"))
        ],
        devices=gauges,
    )


def _stage() -> RuleSpec:
    level = Level(
        severity="high", limit=LIMIT_M, name=_name("警戒水位", "warning stage")
    )
    return RuleSpec(
        code="stage",
        name=_name("码头水位超限", "Stage of the quay"),
        source="test",
        definition=Threshold(
            metric="water_level",
            direction="above",
            levels=[level],
            deadband=0.1,
            scope=Scope(devices=list(_GAUGES)),
        ),
    )


def _unwanted() -> list[RuleSpec]:
    """Return shipped rules that would speak of gauges which jump and are silent."""
    return [
        replace(each, enabled=False)
        for each in shipped()
        if isinstance(each.definition, (QualityRule, AnomalyRule, Absence))
    ]


@pytest.fixture(scope="session")
def _broker(programs: Servers) -> Iterator[BrokerServer]:
    home = fix_services._new_home()
    user = account.unprivileged(home)
    served = Broker(programs.mosquitto, home, ports.free(), user)
    server = BrokerServer(served, home / "broker.log")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def _database_url(
    database_server: DatabaseServer, _migrated_template: str
) -> Iterator[str]:
    yield from fix_services._lent(database_server, _migrated_template)


@pytest.fixture(scope="session")
def _chain(
    _database_url: str, _broker: BrokerServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Chain]:
    folder = tmp_path_factory.mktemp("chain")
    environment = {
        **fix_chain._environment(_database_url, _broker.url, folder),
        # As `parkpulse up --demo` does, for its 13 months of registers.
        "PARKPULSE_RAW_RETENTION_DAYS": "450",
    }
    database = Database(_database_url, name="parkpulse test")
    database.open()
    url = f"http://127.0.0.1:{environment['PARKPULSE_PORT']}"
    chain = fix_chain.Chain(environment, folder, url, database, _broker)
    try:
        for name in fix_chain._WORDS:
            chain.start(name)
        wait_until(chain.answers, _WITHIN_S)
        yield chain
    except BaseException:
        sys.stderr.write(chain.logs())
        raise
    finally:
        for name in list(chain.running):
            chain.stop(name)
        database.close()


def _simulated(chain: Chain) -> Iterator[None]:
    """Have the simulators send the park's past, then its present."""
    log = chain.folder / "simulate.log"
    with log.open("wb") as output:
        child = subprocess.Popen(
            [fix_chain.COMMAND, "simulate", "--demo"],
            env=chain.environment,
            stdout=output,
            stderr=output,
        )
    try:
        wait_until(lambda: "is live" in log.read_text(), _PAST_WITHIN_S)
        yield
    finally:
        child.terminate()
        child.wait(_WITHIN_S)


@pytest.fixture(scope="session")
def service(_chain: Chain) -> Iterator[Service]:
    with _chain.database.transaction() as conn:
        rules.apply(conn, [_stage(), *_unwanted()], registry.apply(conn, _quay()))
    for _ in _simulated(_chain):
        wait_until(lambda: _is_judged(_chain), _PAST_WITHIN_S)
        yield Service(_chain)


def _is_judged(chain: Chain) -> bool:
    """Whether all of the demonstration's last 12 months stands in its figures."""
    path = "/api/v1/parks/demo/data-centres/quancheng/kpis/summary"
    answer = httpx.get(f"{chain.url}{path}", timeout=30)
    return answer.is_success and any(
        each["period"] == "rolling_12_months" and (each["coverage"] or 0.0) > _WHOLE
        for each in answer.json()["items"]
    )


@dataclass
class Watch:
    """What must not happen while a page is open."""

    host: str
    wrong: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()
    """Parts of messages that the test provokes."""

    def note(self, text: str) -> None:
        if not any(part in text for part in self.expected):
            self.wrong.append(text)

    def request(self, request: Request) -> None:
        if urlsplit(request.url).netloc != self.host:
            self.wrong.append(f"asked another host: {request.url}")

    def follow(self, page: Page) -> None:
        page.on("request", self.request)
        page.on("pageerror", lambda error: self.note(f"error: {error}"))
        page.on(
            "console",
            lambda message: (
                self.note(f"console: {message.text} {message.location.get('url')}")
                if message.type in {"error", "warning"}
                else None
            ),
        )


@dataclass
class Visit:
    """Opens pages, each in a browser of its own without any past."""

    browser: Browser
    url: str
    watch: Watch
    contexts: list[BrowserContext] = field(default_factory=list)

    def __call__(
        self,
        fragment: str,
        *,
        language: str = "en",
        theme: str = "light",
        width: int = 1440,
        height: int = 900,
    ) -> Page:
        phone = width < 600
        context = self.browser.new_context(
            locale={"zh": "zh-CN", "en": "en-GB"}[language],
            color_scheme="dark" if theme == "dark" else "light",
            viewport={"width": width, "height": height},
            has_touch=phone,
            is_mobile=phone,
            reduced_motion="reduce",
        )
        self.contexts.append(context)
        page = context.new_page()
        self.watch.follow(page)
        page.goto(f"{self.url}/{fragment}")
        page.locator("[data-connection=live]").wait_for()
        return page


@pytest.fixture
def visit(browser: Browser, service: Service) -> Iterator[Visit]:
    url = service.chain.url
    opened = Visit(browser, url, Watch(urlsplit(url).netloc))
    yield opened
    for context in opened.contexts:
        context.close()
    assert opened.watch.wrong == []
