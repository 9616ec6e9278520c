"""From a carrier's push to the page's figures, with a receiver that dies in between."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx

from parkpulse.model.registry import Name, ParkSpec
from parkpulse.store import registry
from parkpulse.wire.platforms import onenet, onenet_envelope
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from tests.plugins.fix_chain import Chain

_WITHIN_S = 60.0
_SECRET = "what-onenet-signs-with"
_KEY = "0123456789abcdef"


def _account(chain: Chain) -> str:
    park = ParkSpec(
        code="harbour",
        name=Name(zh="港", en="harbour"),
        accept_from=datetime.now(UTC) - timedelta(days=1),
    )
    with chain.database.transaction() as conn:
        registry.apply(conn, park)
    for name, content in (("secret", _SECRET), ("key", _KEY)):
        (chain.folder / name).write_text(content)
    words = ["push", "accounts", "add", "onenet", "meters", "--park", "harbour"]
    words += ["--secret-file", str(chain.folder / "secret")]
    words += ["--aes-key-file", str(chain.folder / "key"), "--json"]
    return chain.url + str(json.loads(chain.run(*words))["path"])


def _push(url: str, number: int, sent_ms: int) -> int:
    values = {"water_level": (float(number), sent_ms + number)}
    content = onenet.encode(values, device="iot-1", product="p", number=str(number))
    body = onenet_envelope.seal(
        onenet_envelope.encrypted(content, _KEY),
        token=_SECRET,
        nonce="abcdefgh",
        time_ms=sent_ms + number,
        number=str(number),
    )
    return httpx.post(url, content=body, timeout=10).status_code


def test_what_was_answered_is_stored_once(chain: Chain) -> None:
    url = _account(chain)
    sent_ms = int(time.time() * 1000)
    wait_until(lambda: _push(url, 0, sent_ms) == 200, _WITHIN_S)
    chain.kill("ingest")
    assert [_push(url, number, sent_ms) for number in (1, 2, 2, 3)] == [200] * 4
    chain.start("ingest")

    def values() -> list[float]:
        with chain.database.transaction() as conn:
            rows = conn.execute("select value from reading order by ts").fetchall()
        return [value for (value,) in rows]

    wait_until(lambda: values() == [0.0, 1.0, 2.0, 3.0], _WITHIN_S)
    totals = chain.get("/ledger", park="harbour")["totals"]
    assert (totals["received"], totals["stored"], totals["duplicate"]) == (5, 4, 1)
    (item,) = chain.get("/parks/harbour/latest")["items"]
    assert item["value"] == 3.0
    token = url.rpartition("/")[2]
    assert token not in chain.logs()
    assert _SECRET not in chain.logs()
