"""What counts as one address when logins have failed."""

from __future__ import annotations

import pytest

from api.auth.desk import neighbourhood


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("192.0.2.7", "192.0.2.8", False),
        ("192.0.2.7", "192.0.2.7", True),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.7", "::ffff:192.0.2.8", False),
        ("no address", "another", False),
    ],
)
def test_neighbours(one: str, other: str, is_same: bool) -> None:  # noqa: FBT001 - a case
    assert (neighbourhood(one) == neighbourhood(other)) is is_same
