"""The API in a real server on loopback, over the lab's database.

site    Site: `request`, `get`, `items`, `problem`, `stream` on `url`; `lab`, `page`
        (folder of the built page), `context` of the application; `start` and `stop`;
        `raise_alert`, `change_alert` in the park `harbour`.
harbour Harbour: a park with fresh, stale and missing readings is in the site; ids of
        its series by (device, metric).
"""

from __future__ import annotations

import contextlib
import json
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
import msgspec
import pytest
import uvicorn
from cryptography.fernet import Fernet
from uuid_utils import compat

from api import app, cli, connections, listening
from api.auth.accounts import Accounts
from api.messaging import Messaging
from api.workshop import Workshop
from parkpulse.model import instants
from parkpulse.model.condition import AlertRow, EventRow
from parkpulse.model.registry import (
    DataCentreSpec,
    DeviceSpec,
    MeterSpec,
    Name,
    ParkSpec,
    PlaceSpec,
    SeriesSpec,
)
from parkpulse.model.rule import Level, RuleSpec, Threshold
from parkpulse.notify.vault import Vault
from parkpulse.store import alert_events, alerts, rules
from tests.plugins.fix_engine import NOW
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from api.context import Context
    from parkpulse.model.alert import EventKind
    from parkpulse.store.pool import Connection
    from parkpulse.tls import Pair
    from tests.plugins.fix_engine import Lab

_WITHIN_S = 20.0
_RETENTION_DAYS = 3650
Harbour = dict[tuple[str, str], int]
_RULE = RuleSpec(
    code="stage",
    name=Name(zh="水位", en="stage"),
    source="test",
    definition=Threshold(
        metric="water_level",
        direction="above",
        levels=[
            Level("medium", 1.2, Name(zh="警戒水位", en="warning stage")),
            Level("high", 2.2),
        ],
    ),
)


def named(text: str) -> Name:
    return Name(zh=f"名{text}", en=text)


def _device(
    code: str, metric: str, place: str | None, interval_s: int = 300
) -> DeviceSpec:
    return DeviceSpec(
        code=code,
        kind=metric,
        name=named(code),
        series=[SeriesSpec(metric=metric), SeriesSpec(metric="battery_voltage")],
        place=place,
        report_interval_s=interval_s,
    )


HARBOUR = ParkSpec(
    code="harbour",
    name=named("Harbour"),
    accept_from=NOW - timedelta(days=999),
    clock="data",
    simulated=True,
    places=[
        PlaceSpec(code="river", kind="river_section", name=named("River")),
        PlaceSpec(
            code="upper", kind="river_section", name=named("Upper"), parent="river"
        ),
        PlaceSpec(code="field", kind="field", name=named("Field")),
    ],
    devices=[
        _device("level-1", "water_level", "upper"),
        _device("level-2", "water_level", "river"),
        _device("soil-1", "soil_moisture", "field", 3600),
        DeviceSpec(
            code="meter",
            kind="meter",
            name=named("=cmd()"),
            series=[SeriesSpec(metric="active_energy_import")],
        ),
    ],
    data_centres=[
        DataCentreSpec(
            code="dc1",
            name=named("Hall"),
            commissioned=NOW.date(),
            standard_racks=3000,
            meters=[
                MeterSpec(
                    device="meter", metric="active_energy_import", role="grid_import"
                )
            ],
        )
    ],
)


class Event(NamedTuple):
    """One event of a stream."""

    id: int
    kind: str
    data: Any


class Stream:
    """Events of an open stream, one after the other."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.ids: list[int] = []
        self._lines = response.iter_lines()

    def next(self, *kinds: str) -> Event:
        """Wait for the next event of one of these kinds."""
        fields: dict[str, str] = {}
        for line in self._lines:
            name, _, value = line.partition(": ")
            if line and name:
                fields[name] = value
            if line or "event" not in fields:
                continue
            event = Event(
                int(fields["id"]), fields["event"], json.loads(fields["data"])
            )
            self.ids.append(event.id)
            fields = {}
            if event.kind in kinds:
                return event
        message = "the stream has ended"
        raise AssertionError(message)

    def rest(self) -> list[str]:
        """Wait for the end and return the lines until then."""
        return list(self._lines)


@dataclass
class Site:
    """One API process's worth of application, in a thread."""

    lab: Lab
    page: Path
    public_url: str | None = None
    mqtt_url: str | None = None
    broker_token: str | None = None
    pair: Pair | None = None
    vault: Vault = field(default_factory=lambda: Vault(Fernet.generate_key().decode()))
    url: str = ""
    is_local: bool = True
    profiles: Path | None = None
    accounts: Accounts = field(init=False)
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=20))
    context: Context = field(init=False)
    _server: uvicorn.Server = field(init=False)
    _thread: threading.Thread = field(init=False)

    def start(self) -> None:
        self.accounts = Accounts(
            self.lab.database, is_local=self.is_local, public_url=self.public_url
        )
        application = app.create(
            self.lab.database,
            self.page,
            "http://park.example",
            self.public_url,
            mqtt_url=self.mqtt_url,
            broker_token=self.broker_token,
            messaging=Messaging(self.vault, "http://park.example", allow_private=True),
            accounts=self.accounts,
            workshop=Workshop(self.lab.database, self.profiles, _RETENTION_DAYS),
        )
        self.context = application.state.context
        listener = listening.bind("127.0.0.1", 0)
        scheme = "http" if self.pair is None else "https"
        self.url = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            application,
            http=connections.Connection,
            ws="none",
            log_config=None,
            access_log=False,
            **cli.sealed(self.pair),
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([listener],), daemon=True
        )
        self._thread.start()
        wait_until(self._follows, _WITHIN_S)

    def _follows(self) -> bool:
        assert self._thread.is_alive()
        return self._server.started and self.context.follower.is_following

    def stop(self) -> None:
        self.context.hub.close()
        self._server.should_exit = True
        self._thread.join()

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own
        return self.client.request(method, self.url + path, **options)

    def get(self, path: str, **query: Any) -> Any:  # noqa: ANN401 - any JSON
        answer = self.request("GET", f"/api/v1{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def items(self, path: str, **query: Any) -> list[dict[str, Any]]:  # noqa: ANN401
        found = self.get(path, **query)["items"]
        assert isinstance(found, list)
        return found

    def problem(self, path: str, status: int, **query: Any) -> dict[str, Any]:  # noqa: ANN401
        answer = self.request("GET", f"/api/v1{path}", params=query)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        found = answer.json()
        assert isinstance(found, dict)
        assert found["status"] == status
        return found

    def raise_alert(
        self, series: int, subject: str = "level-1/water_level"
    ) -> AlertRow:
        """Make an alert of the harbour as the engine does."""
        park = self.lab.parks["harbour"]
        with self.lab.database.transaction() as conn:
            rules.apply(conn, [_RULE], park)
            stored = rules.load(conn)
            (rule,) = [each.id for each in stored if each.park_id == park]
            row = AlertRow(
                id=compat.uuid7(),
                rule_id=rule,
                subject=subject,
                park_id=park,
                place_id=None,
                device_id=None,
                series_id=series,
                severity="medium",
                state="unacknowledged",
                retroactive=False,
                onset=instants.to_us(NOW),
                raised=instants.to_us(NOW),
                cleared=None,
                acknowledged=None,
                acknowledged_by=None,
                value=1.25,
                limit=1.2,
                version=1,
            )
            alerts.save(conn, [row], [])
            self._record(conn, row, "raised")
        return row

    def change_alert(self, row: AlertRow, kind: EventKind, **changes: Any) -> AlertRow:  # noqa: ANN401
        """Change an alert as the engine does."""
        changed = msgspec.structs.replace(row, **changes, version=row.version + 1)
        with self.lab.database.transaction() as conn:
            alerts.save(conn, [], [changed])
            self._record(conn, changed, kind)
        return changed

    def _record(self, conn: Connection, row: AlertRow, kind: EventKind) -> None:
        event = EventRow(
            alert_id=row.id,
            rule_id=row.rule_id,
            subject=row.subject,
            kind=kind,
            at=row.raised + row.version,
            actor="engine",
            severity=row.severity,
            value=row.value,
            detail={},
        )
        alert_events.add(conn, [event])
        alerts.announce(conn, [row.id])

    @contextlib.contextmanager
    def stream(
        self, park: str, query: str = "", /, **headers: str | bytes
    ) -> Iterator[Stream]:
        path = f"{self.url}/api/v1/parks/{park}/stream{query}"
        sent = [(name.encode(), _bytes(value)) for name, value in headers.items()]
        with self.client.stream("GET", path, headers=sent) as response:
            assert response.status_code == 200
            assert response.headers["content-type"].startswith("text/event-stream")
            yield Stream(response)


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode()


@pytest.fixture
def site(lab: Lab, tmp_path: Path) -> Iterator[Site]:
    running = Site(lab, tmp_path / "dist", profiles=tmp_path / "profiles")
    running.start()
    yield running
    running.stop()
    running.client.close()


@pytest.fixture
def harbour(site: Site) -> Harbour:
    """A park with fresh, stale and missing readings; ids of its series."""
    found = site.lab.register(HARBOUR)
    now = instants.to_us(NOW)
    fresh, stale = now - 60 * instants.SECOND, now - 3 * instants.HOUR
    site.lab.put(
        [
            (found["level-1", "water_level"], stale, 1.0),
            (found["level-1", "water_level"], fresh, 1.25),
            (found["level-2", "water_level"], stale, 2.5),
            (found["soil-1", "soil_moisture"], now - 2 * instants.HOUR, 30.0),
        ],
        "harbour",
    )
    wait_until(lambda: _has_readings(site))
    return found


def _has_readings(site: Site) -> bool:
    answer = site.request("GET", "/api/v1/parks/harbour/latest")
    return answer.status_code == 200 and len(answer.json()["items"]) == 3
