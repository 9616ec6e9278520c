"""What the service reports of a park, through its HTTP API."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode, urlsplit

from parkpulse.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LIMIT = 1000
_TIMEOUT_S = 60.0
_KPIS = (("pue", 1), ("pue", 2), ("pue", 3), ("ref", 0))

_REFUSALS: dict[int, str] = {
    HTTPStatus.NOT_FOUND: "was the scenario sent to it?",
    HTTPStatus.UNAUTHORIZED: "it has users, and score cannot log in",
}

_Json = dict[str, Any]


@dataclass(slots=True)
class Reported:
    """Everything that is compared with the truth.

    Parameters
    ----------
    alerts, kpis
        As the API has them; KPIs by the hour.
    ledger
        Totals of the park's messages, and whether they balance.
    """

    alerts: list[_Json] = field(default_factory=list)
    kpis: list[_Json] = field(default_factory=list)
    ledger: _Json = field(default_factory=dict)


def fetch(url: str, truth: _Json) -> Reported:
    """Ask the service for everything that a truth file speaks of.

    Parameters
    ----------
    url
        Of the service, such as `http://127.0.0.1:8080`.
    truth
        The truth file.

    Raises
    ------
    ConfigError
        The service is not there, or does not know the park.
    """
    if urlsplit(url).scheme not in {"http", "https"}:
        message = f"{url!r} is no address of a service: http://host:port"
        raise ConfigError(message)
    base = f"{url.rstrip('/')}/api/v1"
    park = f"{base}/parks/{quote(truth['park'])}"
    span = {"start": truth["start"], "end": truth["end"]}
    found = Reported()
    for alert in _items(f"{park}/alerts", {"state": "all"}):
        events = _get(f"{base}/alerts/{quote(alert['id'])}", {})["events"]
        found.alerts += stretches(alert, events)
    if truth["data_centre"]:
        centre = quote(truth["data_centre"]["code"])
        for kpi, category in _KPIS:
            wanted: dict[str, object] = {"kpi": kpi, "period": "hour", **span}
            if category:
                wanted["category"] = category
            found.kpis += _items(f"{park}/data-centres/{centre}/kpis", wanted)
    ledger = _get(f"{base}/ledger", {"park": truth["park"]})
    found.ledger = {"balanced": ledger["balanced"], **ledger["totals"]}
    return found


def stretches(alert: _Json, events: Sequence[_Json]) -> list[_Json]:
    """Take an alert apart that came back before somebody had seen it.

    Parameters
    ----------
    alert
        Whose onset and end are those of its newest stretch.
    events
        Its history.

    Returns
    -------
    list
        The alert once for each stretch, with its `onset` and `cleared_at`.
    """
    begun: list[_Json] = []
    for event in sorted(events, key=lambda each: str(each["at"])):
        if event["kind"] == "raised":
            begun.append({**alert, "onset": event["at"], "cleared_at": None})
        elif event["kind"] == "cleared" and begun:
            begun[-1]["cleared_at"] = event["at"]
    return [*begun[:-1], alert]


def _items(address: str, query: dict[str, object]) -> Iterator[_Json]:
    cursor: str | None = None
    while True:
        more = {} if cursor is None else {"cursor": cursor}
        page = _get(address, {**query, "limit": _LIMIT, **more})
        yield from page["items"]
        cursor = page["next"]
        if cursor is None:
            return


def _get(address: str, query: dict[str, object]) -> _Json:
    request = urllib.request.Request(f"{address}?{urlencode(query)}")  # noqa: S310 - scheme was checked
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - the same
            found: _Json = json.load(answer)
            return found
    except HTTPError as error:
        why = _REFUSALS.get(error.code, "see its log")
        message = f"the service answers {error.code} to {address}: {why}"
        raise ConfigError(message) from error
    except (OSError, ValueError) as error:
        message = f"the service does not answer {address}: {error}"
        raise ConfigError(message) from error
