"""The service itself as a park of its own: its devices are hosts and processes."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from parkpulse.model.registry import (
    DeviceSpec,
    Name,
    ParkSpec,
    PlaceSpec,
    SeriesSpec,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

CODE = "parkpulse"
"""Code of the park."""
PLACE = "service"
INTERVAL_S = 30
"""Its devices report this often. [s]"""
DECLARED_S = 120
"""What is registered: silence shall not be told before what causes it. [s]"""
PROBE = "broker_reachable"
"""Metric of a host that every one of its reports has."""
RESTARTS = "restarts.log"
"""File below the supervisor's logs: a line, time and name, for each restart."""
HOST_METRICS = (
    PROBE,
    "database_reachable",
    "disk_free_share",
    "disk_state",
    "clock_offset",
    "process_restarts",
)
PROCESS_METRICS: Mapping[str, tuple[str, ...]] = {
    "ingest": ("processes_running", "ingest_lag", "messages_waiting"),
    "engine": ("processes_running", "batch_log_lag"),
    "notify": (
        "processes_running",
        "outbox_age",
        "messages_undelivered",
        "messages_dead",
    ),
    "api": ("processes_running",),
}
"""Metrics by device; one device stands for all processes of its kind."""
_NAMES = {
    "ingest": Name("数据接入", "Ingest"),
    "engine": Name("计算引擎", "Engine"),
    "notify": Name("消息发送", "Delivery"),
    "api": Name("页面与接口", "Page and API"),
}
_UNFIT = re.compile(r"[^A-Za-z0-9._:-]")
_LONGEST = 64


def host_code(host: str) -> str:
    """Code of the device that stands for a machine."""
    return _UNFIT.sub("-", f"host-{host}")[:_LONGEST]


def spec(host: str) -> ParkSpec:
    """Describe the service as seen from a machine; other machines' devices stay."""
    processes = [
        _device(code, "process", _NAMES[code], metrics)
        for code, metrics in PROCESS_METRICS.items()
    ]
    machine = Name(f"主机 {host}", f"Host {host}")
    return ParkSpec(
        code=CODE,
        name=Name("园区脉搏自身", "Parkpulse itself"),
        accept_from=datetime(2026, 1, 1, tzinfo=UTC),
        places=[PlaceSpec(PLACE, "service", Name("服务", "Service"))],
        devices=[_device(host_code(host), "host", machine, HOST_METRICS), *processes],
    )


def _device(code: str, kind: str, name: Name, metrics: tuple[str, ...]) -> DeviceSpec:
    return DeviceSpec(
        code=code,
        kind=kind,
        name=name,
        series=[SeriesSpec(metric) for metric in metrics],
        place=PLACE,
        report_interval_s=DECLARED_S,
    )
