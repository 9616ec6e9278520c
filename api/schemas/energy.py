"""Energy flow, meter balance and what else is read of a data centre's energy."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from api.schemas.common import Answer, Moment, Request, Sorted, Text, example
from api.schemas.derived import answer
from parkpulse.model import energy_flow
from parkpulse.model.certificates import AttributeKind


class PeriodQuery(Request):
    """A period `[start, end)` of at most 400 days."""

    start: Moment
    end: Moment


class BalanceQuery(PeriodQuery):
    """A period, and how exact meters are."""

    tolerance: float = Field(
        default=0.02,
        ge=0.0,
        le=1.0,
        description="Share by which meters may count more than the one above them.",
    )


class AttributeRow(Answer):
    """A row of the ledger of certificates; dates are [from, to)."""

    model_config = example(
        {
            "serial": "GEC-2026-000123",
            "kind": "certificate",
            "volume_kwh": 500000.0,
            "generated_from": "2026-01-01",
            "generated_to": "2026-02-01",
            "valid_to": "2028-02-01",
            "retired_on": "2026-03-01",
            "used_from": "2026-01-01",
            "used_to": "2027-01-01",
            "source": "registry export of 2026-03-02",
        }
    )

    serial: str
    kind: AttributeKind
    volume_kwh: float
    generated_from: date
    generated_to: date
    valid_to: date = Field(description="First day on which it cannot be retired.")
    retired_on: date | None
    used_from: date = Field(description="Consumption that it is retired for.")
    used_to: date
    source: str


class FactorRow(Answer):
    """An emission factor, in force until the next of its region and kind."""

    model_config = example(
        {
            "region": "CN",
            "kind": "grid",
            "valid_from": "2023-01-01",
            "factor": 0.5306,
            "source": "Ministry of Ecology and Environment, 2026-01",
            "source_zh": "生态环境部，2026年1月",
        }
    )

    region: str
    kind: str
    valid_from: date
    factor: float = Field(description="kgCO2/kWh")
    source: str
    source_zh: str = Field(description="In Chinese; empty: as `source`.")


EnergyFlow = answer(
    energy_flow.EnergyFlow,
    {
        "start": "2026-10-31T16:00:00Z",
        "end": "2026-11-30T16:00:00Z",
        "hours": 518,
        "elapsed_hours": 520,
        "coverage": 0.996,
        "nodes": [
            {
                "id": "hub",
                "kind": "hub",
                "device": None,
                "name": {"zh": "供电", "en": "Supply"},
                "role": None,
                "loss": None,
                "kwh": 1214000.0,
                "estimated_kwh": 0.0,
                "coverage": 0.996,
                "partial_pue": 1.214,
            }
        ],
        "links": [
            {
                "source": "meter:grid-a:grid_import",
                "target": "hub",
                "kwh": 1214000.0,
            }
        ],
        "losses": {
            "facility_kwh": 1214000.0,
            "it_kwh": 1000000.0,
            "ups_kwh": 52000.0,
            "distribution_kwh": 11000.0,
            "cooling_kwh": 141000.0,
            "lighting_kwh": 6000.0,
            "other_kwh": None,
            "unattributed_kwh": 4000.0,
        },
        "silent": [],
    },
)


Balances = answer(
    energy_flow.Balances,
    {
        "start": "2026-10-31T16:00:00Z",
        "end": "2026-11-30T16:00:00Z",
        "elapsed_hours": 520,
        "tolerance": 0.02,
        "items": [
            {
                "parent": "ups-a-in",
                "children": ["ups-a"],
                "parent_kwh": 540000.0,
                "children_kwh": 513000.0,
                "difference_kwh": 27000.0,
                "difference": 0.05,
                "hours": 520,
                "coverage": 1.0,
                "limit": 0.15,
                "finding": None,
            }
        ],
        "silent": [],
    },
)


Serial = Annotated[
    str, StringConstraints(min_length=1, max_length=128, pattern=r"^[!-~]+$")
]
Source = Annotated[
    str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$")
]


class CertificateBody(Request):
    """A row to put into the ledger; dates are [from, to)."""

    serial: Serial = Field(description="A batch is `GEC0001..GEC0100`.")
    kind: AttributeKind
    volume_kwh: float = Field(gt=0, lt=1e12, allow_inf_nan=False)
    generated_from: date
    generated_to: date
    used_from: date
    used_to: date
    source: Source
    retired_on: date | None = None
    valid_to: date | None = None


class CertificatesBody(Request):
    """Rows to put into the ledger, all or none."""

    items: list[CertificateBody] = Field(min_length=1, max_length=1000)


class Changed(Answer):
    """How many rows are new, changed or gone."""

    model_config = example({"changed": 1})

    changed: int


class SerialQuery(Request):
    """Which row."""

    serial: Serial


class TargetRow(Answer):
    """A dated target and whom it binds."""

    model_config = example(
        {
            "id": 1,
            "kpi": "pue",
            "comparison": "lt",
            "value": 1.25,
            "coverage_floor": 0.95,
            "valid_from": "2023-12-28",
            "valid_to": None,
            "commissioned_from": "2023-12-28",
            "min_standard_racks": 3000,
            "source": "Shandong, 2023-12-28, item 14",
            "source_zh": "山东省，2023年12月28日，第14条",
        }
    )

    id: int
    kpi: Literal["pue", "ref"]
    comparison: Literal["lt", "ge"]
    value: float
    coverage_floor: float
    valid_from: date
    valid_to: date | None
    commissioned_from: date | None
    min_standard_racks: int
    source: str
    source_zh: str = Field(description="`source` in Chinese; empty: the same.")


class NewTarget(Request):
    """A target to put in force, for all parks."""

    kpi: Literal["pue", "ref"]
    value: float = Field(gt=0, le=10, allow_inf_nan=False)
    coverage_floor: float = Field(default=0.95, ge=0.5, le=1, allow_inf_nan=False)
    valid_from: date
    commissioned_from: date | None = None
    min_standard_racks: int = Field(default=0, ge=0, le=10_000_000)
    source: Source
    source_zh: Text = Field(
        default="", description="`source` in Chinese; empty: the same."
    )


class EndedTarget(Request):
    """A target that ends."""

    id: int = Field(ge=1, le=2**31 - 1)
    valid_to: date = Field(description="First day on which it is no longer in force.")


class CertificatesQuery(Sorted):
    """Rows of the ledger in an order."""

    sort: Literal[
        "serial",
        "-serial",
        "kind",
        "-kind",
        "generated_from",
        "-generated_from",
        "used_from",
        "-used_from",
        "valid_to",
        "-valid_to",
    ] = "serial"


class TargetsQuery(Sorted):
    """Targets in an order."""

    sort: Literal["valid_from", "-valid_from", "kpi", "-kpi"] = "-valid_from"


class FactorsQuery(Sorted):
    """Emission factors in an order."""

    sort: Literal["valid_from", "-valid_from", "region", "-region", "kind", "-kind"] = (
        "-valid_from"
    )
