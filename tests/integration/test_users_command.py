"""`parkpulse users`: accounts without the page, and the link of the first one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from parkpulse.services import ports
from parkpulse.store import audit, pool
from parkpulse.store.audit import Search
from tests.plugins import shell
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.plugins.shell import Done

COMMAND = str(Path(sys.executable).with_name("parkpulse"))
PASSWORD = "correct horse battery"
_WITHIN_S = 60


def environment(database_url: str, home: Path, **more: str) -> dict[str, str]:
    names = {"DATABASE_URL": database_url, "HOME": str(home), **more}
    return {**os.environ, **{f"PARKPULSE_{key}": each for key, each in names.items()}}


def run(settings: Mapping[str, str], *words: str, given: str = "") -> Done:
    return shell.run(settings, "users", *words, given=given)


def test_users_by_command(database_url: str, tmp_path: Path) -> None:
    settings = environment(database_url, tmp_path)
    status, _, error = run(settings, "add", "Bob", "--role", "viewer", given=PASSWORD)
    assert (status, "must be an administrator" in error) == (1, True)
    status, _, error = run(settings, "add", "ann", "--role", "admin", given="short")
    assert (status, "fewer than 10" in error) == (1, True)
    for name, role in (("Ann", "admin"), ("bob", "operator")):
        status, _, error = run(settings, "add", name, "--role", role, given=PASSWORD)
        assert status == 0, error
    status, _, error = run(settings, "add", "ann", "--role", "admin", given=PASSWORD)
    assert (status, "already" in error) == (1, True)
    assert run(settings, "passwd", "bob", given="another long one\n")[0] == 0
    assert run(settings, "role", "bob", "manager")[0] == 0
    assert run(settings, "disable", "bob")[0] == 0
    status, _, error = run(settings, "disable", "ann")
    assert (status, "nobody would be left" in error) == (1, True)
    assert json.loads(run(settings, "sessions", "bob", "--end", "--json")[1]) == []
    found = json.loads(run(settings, "list", "--json")[1])
    assert [(each["name"], each["role"], each["enabled"]) for each in found] == [
        ("ann", "admin", True),
        ("bob", "manager", False),
    ]
    assert "(disabled)" in run(settings, "list")[1]
    with pool.connect(database_url) as conn:
        deeds = audit.page(conn, Search(), 100)
    assert [each.action for each in reversed(deeds)] == [
        "add_user",
        "add_user",
        "reset_password",
        "change_user",
        "change_user",
        "end_sessions",
    ]
    assert {each.way for each in deeds} == {"command"}
    assert PASSWORD not in str(deeds)


def test_the_set_up_link_is_printed_once_there_is_nobody(
    database_url: str, tmp_path: Path
) -> None:
    """Bound to an address that others reach, nothing else is served before."""
    port = str(ports.free())
    settings = environment(
        database_url,
        tmp_path,
        HOST="0.0.0.0",  # noqa: S104 - what is tried
        PORT=port,
        PUBLIC_URL="http://park.example",
    )
    output = tmp_path / "output"
    with output.open("wb") as file:
        child = subprocess.Popen([COMMAND, "api"], env=settings, stdout=file)
    try:
        url = f"http://127.0.0.1:{port}/api/v1"
        wait_until(lambda: answers(f"{url}/health"), _WITHIN_S)
        (token,) = re.findall(r"==> .*/#setup=([\w-]+)", output.read_text())
        refused = httpx.get(f"{url}/parks").json()
        assert refused["code"] == "set_up_first"
        assert httpx.get(f"{url}/me").json()["mode"] == "set_up"
        body = {
            "token": token,
            "name": "ann",
            "display_name": "Ann",
            "password": PASSWORD,
        }
        done = httpx.post(f"{url}/setup", json=body)
        assert done.json()["mode"] == "user"
        assert httpx.get(f"{url}/parks").json()["code"] == "login_required"
    finally:
        child.terminate()
        child.wait(_WITHIN_S)


def answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False
