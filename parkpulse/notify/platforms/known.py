"""Every robot by its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parkpulse.notify.platforms import email
from parkpulse.notify.platforms.dingtalk import DingTalk
from parkpulse.notify.platforms.feishu import Feishu
from parkpulse.notify.platforms.webhook import Webhook
from parkpulse.notify.platforms.wecom import WeCom

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parkpulse.notify.platforms.contract import Robot
    from parkpulse.store.channels import Kind

ROBOTS: Mapping[Kind, Robot] = {
    "webhook": Webhook(),
    "dingtalk": DingTalk(),
    "wecom": WeCom(),
    "feishu": Feishu(),
}


def windows(kind: Kind) -> Sequence[tuple[int, float]]:
    """At most so many messages in so many seconds. [s]."""
    return email.WINDOWS if kind == "email" else ROBOTS[kind].windows
