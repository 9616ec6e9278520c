"""Examples that stand below the help of the commands, and what lists what there is."""

from __future__ import annotations

_EXAMPLES = {
    "alerts": (
        "parkpulse alerts list --park demo --severity high",
        "parkpulse alerts acknowledge ALERT_ID --by Li",
    ),
    "anomalies": ("parkpulse anomalies demo --device level-lake",),
    "api": ("parkpulse api --openapi",),
    "backup": ("parkpulse backup /backups",),
    "db": ("parkpulse db status", 'psql "$(parkpulse db url)"'),
    "decode": (
        "parkpulse decode --format sl651 --file frames.hex --json",
        "parkpulse decode --profile tank.toml --topic tanks/t-17/state < message.json",
    ),
    "detect": ("parkpulse detect load.csv --explain en --out scores.csv",),
    "devices": (
        "parkpulse devices credentials create --park demo --out demo.csv",
        "parkpulse devices credentials rotate demo/level-lake --overlap 24h",
    ),
    "doctor": ("parkpulse doctor --json",),
    "duty": ("parkpulse duty now demo", "parkpulse duty put demo duty.yaml --by Li"),
    "energy": (
        "parkpulse energy import certificates.csv --dry-run",
        "parkpulse energy export certificates",
    ),
    "gaps": ("parkpulse gaps --park demo --hours 6",),
    "grafana": ("parkpulse grafana role", "parkpulse grafana push --dry-run"),
    "ingest": ("parkpulse ingest --worker 2",),
    "kpi": (
        "parkpulse kpi meters.csv --time-column time --period month \\",
        "    --column Main=total:power_kw --column UPS=it_ups:register_kwh",
    ),
    "ledger": ("parkpulse ledger --park demo --hours 6",),
    "maintenance": (
        "parkpulse maintenance add demo --place tunnel-gas --reason inspection \\",
        "    --end 2026-12-01T18:00:00+08:00 --by Li",
    ),
    "notify": (
        "parkpulse notify channels add duty --url https://duty.example/hook",
        "parkpulse notify channels test duty",
        "parkpulse notify deliveries list --state dead",
    ),
    "push": ("parkpulse push accounts add ctwing wells --park demo",),
    "quality": ("parkpulse quality levels.csv --config qartod.yaml --out flags.csv",),
    "quarantine": (
        "parkpulse quarantine list --park demo",
        "parkpulse quarantine replay --all --reason unknown_unit",
    ),
    "recompute": ("parkpulse recompute --from 2026-01-01 --to 2026-02-01 --park demo",),
    "registry": (
        "parkpulse registry export --park demo > park.yaml",
        "parkpulse registry import park.yaml --dry-run",
    ),
    "replay": ("parkpulse replay river.csv --mapping river.toml --speed 3600",),
    "report": (
        "parkpulse report make demo inspection 2026 --data-centre quancheng",
        "parkpulse report show demo REPORT_ID --out report.pdf",
    ),
    "restore": ("parkpulse restore /backups/parkpulse-20261123T022500Z",),
    "rules": (
        "parkpulse rules list --park demo",
        "parkpulse rules backtest tunnel-methane --from 2026-11-01",
    ),
    "services": ("parkpulse services start", "parkpulse services tls park.example"),
    "simulate": (
        "parkpulse simulate --scenario typhoon-night --truth truth.json",
        "parkpulse simulate score --truth truth.json",
    ),
    "up": ("parkpulse up --demo", "parkpulse up --port 8081"),
    "users": ("parkpulse users add li.na --role operator --park demo",),
}
"""By command; those without are started by `up` and take nothing."""


def of(command: str) -> str | None:
    """Return the examples of a command as a text whose lines click leaves alone."""
    lines = _EXAMPLES.get(command)
    if lines is None:
        return None
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])


LISTS = {
    "alert": "parkpulse alerts list",
    "certificate": "parkpulse energy list certificates",
    "channel": "parkpulse notify channels list",
    "command": "parkpulse alerts commands ALERT_ID",
    "data centre": "parkpulse registry export --park PARK",
    "device": "parkpulse registry export --park PARK",
    "given-up message": "parkpulse notify deliveries list --state dead",
    "maintenance window": "parkpulse maintenance list PARK",
    "place": "parkpulse registry export --park PARK",
    "push account": "parkpulse push accounts list",
    "quarantine entry": "parkpulse quarantine list",
    "report": "parkpulse report list PARK",
    "roster": "parkpulse duty show PARK",
    "rule": "parkpulse rules list",
    "topic rule": "parkpulse registry topics list",
    "user": "parkpulse users list",
}
"""Commands that list what may be named, by its kind as errors call it."""
