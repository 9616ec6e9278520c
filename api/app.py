"""The application: routers, middleware, errors, and the thread that follows."""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from typing_extensions import override

from api import answers, docs, openapi, problems, stream
from api.auth import accounts as people
from api.auth import me, rights, users
from api.auth.gate import Gate
from api.auth.rights import Right, needs, open_to_all
from api.bodies import Bodies
from api.brokers import routes as brokers
from api.brokers.desk import Desk as Brokers
from api.charts import Charts
from api.context import Context
from api.failures import Failures
from api.feed import Feed
from api.follower import Follower
from api.guard import Guard
from api.heads import Heads
from api.hub import Hub
from api.kept import Changes, Kept
from api.messaging import Messaging
from api.packing import Packing
from api.pages import Pages
from api.push import routes as push
from api.push.courier import Accounts, Courier
from api.push.desk import Desk
from api.request_ids import RequestIds
from api.routes import (
    acknowledge,
    alert_actions,
    alerts,
    anomalies,
    channels,
    credentials,
    decode,
    devices,
    duty,
    energy,
    events,
    export,
    health,
    hydrology,
    kpis,
    ledger,
    metrics,
    outlook,
    parks,
    plans,
    profiles,
    quarantine,
    ranges,
    readings,
    registry,
    reports,
    responses,
    rules,
    simulation,
    system,
    tunnel,
    ways,
)
from api.tags import Tags
from api.workshop import Workshop
from parkpulse.query.flow import FlowMeter
from parkpulse.query.live import Live
from parkpulse.query.tail import Tail
from parkpulse.reports.desk import Desk as ReportDesk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from starlette.types import Receive, Scope, Send

    from parkpulse.store.pool import Database
    from simulators.scenario.training import Training

PREFIX = "/api/v1"
_log = logging.getLogger(__name__)
_READING = ("GET", "HEAD")
_CACHE = Path("~/.cache/parkpulse")
_ROUTERS = (
    parks.router,
    devices.router,
    ranges.router,
    export.router,
    readings.router,
    hydrology.router,
    tunnel.router,
    plans.router,
    kpis.router,
    energy.router,
    outlook.router,
    reports.router,
    alerts.router,
    channels.router,
    rules.router,
    anomalies.router,
    alert_actions.router,
    duty.router,
    responses.router,
    quarantine.router,
    ledger.router,
    decode.router,
    profiles.router,
    registry.router,
    ways.router,
    credentials.router,
    system.router,
    events.router,
    stream.router,
    simulation.router,
    me.router,
    users.router,
    health.router,
)


class _Application(FastAPI):
    """FastAPI with our OpenAPI document."""

    @override
    def openapi(self) -> dict[str, Any]:
        return openapi.build(self)


def create(
    database: Database,
    page: Path,
    page_url: str,
    public_url: str | None = None,
    *,
    messaging: Messaging,
    mqtt_url: str | None = None,
    broker_token: str | None = None,
    certificates: Mapping[str, Path] | None = None,
    unlock: Callable[[bytes], str] = bytes.decode,
    training: Training | None = None,
    accounts: people.Accounts | None = None,
    cache: Path = _CACHE,
    workshop: Workshop | None = None,
) -> FastAPI:
    """Make the application.

    Parameters
    ----------
    database
        Open as long as the application runs.
    page
        Folder of the built page; may be missing.
    page_url
        Address of the page in messages.
    public_url
        Address that people reach the page by, if it is not this machine's own.
    messaging
        Sets channels up and reads signed links.
    mqtt_url
        Broker that pushed messages go to; None: none is taken.
    broker_token
        By which a broker asks about its clients; None: none may.
    certificates
        Ours by their use, for the metrics.
    unlock
        Decrypts the secrets of push accounts.
    training
        Starts simulated parks; None: nobody may.
    accounts
        Knows who asks; None: whoever can reach the application may do everything.
    cache
        Folder that keeps what is fetched: the font of reports.
    workshop
        What the integrator's tools need; None: no profiles can be kept.
    """
    app = described()
    app.state.context = _context(database, page_url)
    _add_push(app, Accounts(database), mqtt_url, unlock)
    app.state.training = training
    app.state.certificates = certificates or {}
    app.state.brokers = Brokers(database, broker_token)
    app.state.messaging = messaging
    app.state.reports = ReportDesk(database, cache.expanduser(), _log.info)
    app.state.workshop = workshop or Workshop(database)
    app.state.accounts = accounts or people.Accounts(database, public_url=public_url)
    for router in (push.router, brokers.router, acknowledge.router):
        app.include_router(router, dependencies=[open_to_all()])
    _add_page(app, Pages(page))
    problems.install(app)
    _add_guards(app, accounts, public_url)
    return app


def _add_push(
    app: FastAPI,
    accounts: Accounts,
    mqtt_url: str | None,
    unlock: Callable[[bytes], str],
) -> None:
    app.state.courier = Courier(accounts, mqtt_url)
    app.state.desk = Desk(accounts, app.state.courier, unlock)


def _add_guards(
    app: FastAPI, accounts: people.Accounts | None, public_url: str | None
) -> None:
    """Put before the routes what every request passes; the last one comes first."""
    app.add_middleware(Bodies)
    if accounts is not None:
        free = rights.open_to_strangers(app.routes)
        app.add_middleware(Gate, accounts=accounts, free=free)
    app.add_middleware(Tags)
    app.add_middleware(Packing)
    context: Context = app.state.context
    app.add_middleware(Changes, kept=context.kept)
    app.add_middleware(Heads)
    app.add_middleware(Failures)
    is_local = accounts is None or accounts.is_local
    app.add_middleware(Guard, public_url=public_url, is_local=is_local)
    app.add_middleware(RequestIds)


def described() -> FastAPI:
    """Make the application with its operations and their description, and no more."""
    app = _Application(
        title="Parkpulse",
        version=health.VERSION,
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    for router in _ROUTERS:
        app.include_router(router, prefix=PREFIX)
    app.include_router(metrics.router)
    _add_documents(app)
    return app


def _context(database: Database, page_url: str) -> Context:
    live, flow, hub, kept = Live(), FlowMeter(), Hub(), Kept()
    feed = Feed(live, flow, hub)
    follower = Follower(database, Tail(live, flow), feed, kept.expect_change)
    charts = Charts(database)
    return Context(database, live, flow, hub, follower, kept, charts, page_url)


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    context: Context = app.state.context
    courier: Courier = app.state.courier
    context.follower.start()
    courier.start()
    yield
    context.hub.close()
    training: Training | None = app.state.training
    if training is not None:
        await run_in_threadpool(training.stop)
    await run_in_threadpool(courier.stop)
    app.state.messaging.sender.close()
    await run_in_threadpool(context.follower.stop)


def _add_documents(app: FastAPI) -> None:
    reading = [needs(Right.READ)]

    @app.get(f"{PREFIX}/openapi.json", include_in_schema=False, dependencies=reading)
    def document(request: Request) -> Response:
        return answers.tagged(request, app.openapi())

    @app.get("/api/docs", include_in_schema=False, dependencies=reading)
    def reference() -> Response:
        return docs.page(app.openapi())

    @app.get("/api/docs.css", include_in_schema=False, dependencies=reading)
    def style() -> Response:
        return docs.style()


def _add_page(app: FastAPI, pages: Pages) -> None:
    """Answer with the page, or as the API, where no route answers at all."""

    async def page(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        path = scope["path"].removeprefix("/")
        found = None
        if path.partition("/")[0] != "api":
            if scope["method"] not in _READING:
                allow = {"allow": ", ".join(_READING)}
                found = problems.respond(request, "method_not_allowed", allow)
            else:
                found = await run_in_threadpool(pages.respond, request, path)
        found = found or problems.respond(request, "no_such_path")
        await found(scope, receive, send)

    app.router.default = page
