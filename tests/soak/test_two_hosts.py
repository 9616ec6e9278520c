"""Two hosts, made of network namespaces: one cut off, healed, killed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from parkpulse.services.servers import Servers

PLAY = Path(__file__).parent / "hosts" / "play_two_hosts.py"
_FORBIDDEN = (
    "this machine does not let this user make network namespaces ({reason}): run the"
    " test as root, or allow unprivileged user namespaces by sysctl"
    " (kernel.unprivileged_userns_clone=1, user.max_user_namespaces and"
    " user.max_net_namespaces above 0, kernel.apparmor_restrict_unprivileged_userns=0)"
)


def _in_own_network() -> list[str]:
    """Words that run a command in a new network namespace, in which it may do all."""
    if os.geteuid() == 0:
        return ["unshare", "--net"]
    return ["unshare", "--user", "--map-current-user", "--keep-caps", "--net"]


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_two_hosts(programs: Servers) -> None:
    """Run the play in the first host's namespace; what is missing was fetched here."""
    assert programs.postgres.is_dir()
    own = _in_own_network()
    tried = subprocess.run(
        [*own, "ip", "link", "set", "lo", "up"],
        capture_output=True,
        text=True,
        check=False,
    )
    if tried.returncode:
        pytest.fail(_FORBIDDEN.format(reason=tried.stderr.strip()))
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*own, *command, "--timeout", "1500", str(PLAY)],
        capture_output=True,
        text=True,
        check=False,
    )
    sys.stdout.write(done.stdout)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-20_000:]
