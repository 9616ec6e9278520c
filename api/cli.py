"""`parkpulse api`: the HTTP API and the page."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import uvicorn
from typing_extensions import override

from api import app, connections, guard, listening
from api.auth import desk
from api.auth.accounts import Accounts
from api.messaging import Messaging
from api.renewal import Renewal
from api.workshop import Workshop
from dashboards import page
from parkpulse import logs, settings, tls
from parkpulse.errors import ConfigError
from parkpulse.model import structs
from parkpulse.notify import vault
from parkpulse.store import commandline, processes
from parkpulse.store.pool import Database
from parkpulse.wire import profiles
from simulators.scenario.training import Training

if TYPE_CHECKING:
    from api.hub import Hub
    from parkpulse.settings import Settings
    from parkpulse.tls import Pair

_CONNECTIONS = 10
_STATEMENT_S = 15
_STOP_WITHIN_S = 5
_File = click.Path(path_type=Path, dir_okay=False)
_SETUP_LASTS = timedelta(hours=24)


class _Server(uvicorn.Server):
    """Ends the live streams before it waits for open requests."""

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub

    def stop(self, *_: object) -> None:
        """Stop serving; a signal's handler."""
        self.should_exit = True

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._hub.close()
        await super().shutdown(sockets)


@click.command()
@click.option("--openapi", is_flag=True, help="Print the OpenAPI document instead.")
@click.option("--tls-cert", type=_File, help="Certificate: serve by HTTPS.")
@click.option("--tls-key", type=_File, help="Its key.")
def api(tls_cert: Path | None, tls_key: Path | None, *, openapi: bool) -> None:
    """Serve the page and the HTTP API."""
    if openapi:
        document = app.described().openapi()
        print(json.dumps(document, ensure_ascii=False, indent=1))
        return
    given = {"tls_cert": tls_cert, "tls_key": tls_key}
    _run(settings.load().model_copy(update={k: v for k, v in given.items() if v}))


def _run(config: Settings) -> None:
    logs.configure(config.log_level, config.log_format)
    connections.allow_many()
    url = config.required_database_url()
    commandline.check(url)
    database = Database(
        url,
        size=_CONNECTIONS,
        name="parkpulse api",
        statement_s=_STATEMENT_S,
    )
    with listening.bind(config.host, config.port) as listener:
        database.open()
        try:
            _serve(config, database, listener)
        finally:
            database.close()


def _training(config: Settings) -> Training | None:
    """Allow simulated parks to those who sit at this machine, unless told otherwise."""
    is_own = guard.is_loopback(config.host) and config.public_url is None
    is_allowed = is_own if config.training is None else config.training
    if not is_allowed or config.mqtt_url is None:
        return None
    addresses = {
        "PARKPULSE_DATABASE_URL": config.required_database_url(),
        "PARKPULSE_MQTT_URL": config.required_mqtt_url(),
    }
    return Training(config.folder / "training", {**os.environ, **addresses})


def _workshop(config: Settings, database: Database) -> Workshop:
    folder = config.folder / profiles.FOLDER
    profiles.use(folder)
    return Workshop(database, folder, config.raw_retention_days)


def _own_url(config: Settings) -> str:
    scheme = "http" if config.page_pair() is None else "https"
    host = f"[{config.host}]" if ":" in config.host else config.host
    return f"{scheme}://{host}:{config.port}"


def _certificates(config: Settings) -> dict[str, Path]:
    """List our certificates by their use."""
    page = config.page_pair()
    found = {} if page is None else {"page": page.certificate}
    if config.mqtt_listen is not None:
        found["broker"] = config.mqtt_pair().certificate
    return found


def sealed(pair: Pair | None) -> dict[str, Any]:
    """Have the server encrypt, and follow its certificate's renewals."""
    if pair is None:
        return {}
    context = tls.server_context(pair)
    Renewal(context, pair).start()
    return {"ssl_context_factory": lambda *_: context}


def _proxies(trusted: str) -> dict[str, Any]:
    """Have the server believe what these proxies say about who asks."""
    named = [each.strip() for each in trusted.split(",") if each.strip()]
    try:
        for each in named:
            ip_network(each)
    except ValueError as error:
        message = f"PARKPULSE_TRUSTED_PROXIES: {error}"
        raise ConfigError(message) from error
    return {"proxy_headers": bool(named), "forwarded_allow_ips": named}


def _accounts(config: Settings, database: Database) -> Accounts:
    is_local = config.open_host or guard.is_loopback(config.host)
    return Accounts(database, is_local=is_local, public_url=config.public_url)


def _offer_setup(database: Database, page_url: str, *, is_local: bool) -> None:
    """Print the link that makes the first administrator, if there is none yet."""
    token = desk.offer_setup(database, _SETUP_LASTS)
    if token is None:
        return
    # The part after # never leaves the browser, so it is in no log of a proxy.
    link = f"{page_url.rstrip('/')}/#setup={token}"
    if is_local:
        _tell(f"No users yet: everybody at this machine may do everything. {link}")
    else:
        _tell(f"Nothing else is served until there is an administrator: {link}")


def _tell(text: str) -> None:
    with contextlib.suppress(OSError):
        print(f"==> {text}", flush=True)


def _serve(config: Settings, database: Database, listener: socket.socket) -> None:
    page_url = config.public_url or _own_url(config)
    opened = vault.open_vault(config.vault_key, config.folder)
    accounts = _accounts(config, database)
    _offer_setup(database, page_url, is_local=accounts.is_local)
    structs.prepare()
    application = app.create(
        database,
        page=page.dist(),
        page_url=page_url,
        public_url=config.public_url,
        mqtt_url=config.mqtt_url.get_secret_value() if config.mqtt_url else None,
        broker_token=(
            config.broker_token.get_secret_value() if config.broker_token else None
        ),
        certificates=_certificates(config),
        unlock=opened.unlock,
        messaging=Messaging(opened, page_url, config.webhook_allow_private),
        training=_training(config),
        accounts=accounts,
        cache=config.cache.expanduser().absolute(),
        workshop=_workshop(config, database),
    )
    server = _Server(
        uvicorn.Config(
            application,
            http=connections.Connection,
            access_log=False,
            log_config=None,
            server_header=False,
            ws="none",
            timeout_graceful_shutdown=_STOP_WITHIN_S,
            **_proxies(config.trusted_proxies),
            **sealed(config.page_pair()),
        ),
        application.state.context.hub,
    )
    # The server takes the signals over and, when it has stopped, raises them again.
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, server.stop)
    with processes.telling(database, "api"):
        server.run([listener])


if __name__ == "__main__":
    api()
