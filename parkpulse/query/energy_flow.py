"""Energy flow and meter balance of a data centre, from the hours of its meters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analytics import balance, energy_edges
from analytics.balance import SUPPLY
from parkpulse.model.energy_flow import (
    Attribution,
    BalanceRow,
    Balances,
    EnergyFlow,
    FlowLink,
    FlowNode,
)
from parkpulse.model.registry import Name
from parkpulse.query import metered

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from parkpulse.query.metered import Metered
    from parkpulse.store.pool import Connection

_HUB = "hub"
_SUPPLY_NAME = Name(zh="供电", en="Supply")
_LOSS_NAMES = {
    "ups": Name(zh="UPS 损耗", en="UPS losses"),
    "distribution": Name(zh="配电损耗", en="Distribution losses"),
    "unattributed": Name(zh="未计量", en="Not metered"),
}


def balances(
    conn: Connection,
    data_centre_id: int,
    start: datetime,
    end: datetime,
    now: datetime,
    *,
    tolerance: float = balance.TOLERANCE,
) -> Balances:
    """Compare each meter with those below it.

    Parameters
    ----------
    conn
        Open connection.
    data_centre_id
        The data centre.
    start, end
        Period [start, end); its whole hours count.
    now
        The park's clock.
    tolerance
        Share by which children may exceed their parent. [-]

    Raises
    ------
    InvalidRequestError
        The period is empty or longer than 400 days.
    """
    found = metered.read(conn, data_centre_id, start, end, now)
    return Balances(
        start=start,
        end=end,
        elapsed_hours=found.elapsed,
        tolerance=tolerance,
        items=[
            _balance(found, each)
            for each in balance.check(found.tree, found.hours, tolerance)
        ],
        silent=list(found.silent),
    )


def _balance(found: Metered, each: balance.Balance) -> BalanceRow:
    parent = None if each.parent == SUPPLY else found.rows[each.parent].device
    energy = each.parent_kwh
    return BalanceRow(
        parent=parent,
        children=[found.rows[child].device for child in each.children],
        parent_kwh=energy,
        children_kwh=each.children_kwh,
        difference_kwh=each.difference_kwh,
        difference=each.difference_kwh / energy if energy else None,
        hours=each.hours,
        coverage=found.share(each.hours),
        limit=each.limit,
        finding=each.finding,
    )


def flow(
    conn: Connection,
    data_centre_id: int,
    start: datetime,
    end: datetime,
    now: datetime,
) -> EnergyFlow:
    """Tell where the energy of a period went; parameters and errors as `balances`."""
    found = metered.read(conn, data_centre_id, start, end, now)
    lost = balance.losses(found.tree, found.hours)
    edges = energy_edges.edges(found.tree, found.hours)
    nodes = [_hub(found, lost), *_meters(found), *_losses(found, edges, lost.hours)]
    links = [
        FlowLink(_id(found, edge.source), _target(found, edge), edge.kwh)
        for edge in edges
    ]
    return EnergyFlow(
        start=start,
        end=end,
        hours=lost.hours,
        elapsed_hours=found.elapsed,
        coverage=found.share(lost.hours),
        nodes=nodes,
        links=links,
        losses=_attribution(lost),
        silent=list(found.silent),
    )


def _attribution(lost: balance.Losses) -> Attribution:
    return Attribution(
        facility_kwh=lost.facility,
        it_kwh=lost.it,
        ups_kwh=lost.ups,
        distribution_kwh=lost.distribution,
        cooling_kwh=lost.cooling,
        lighting_kwh=lost.lighting,
        other_kwh=lost.other,
        unattributed_kwh=lost.unattributed,
    )


def _id(found: Metered, index: int) -> str:
    if index == SUPPLY:
        return _HUB
    row = found.rows[index]
    return f"meter:{row.device}:{row.role}"


def _target(found: Metered, edge: energy_edges.Edge) -> str:
    if edge.loss is None:
        return _id(found, edge.target)
    return f"loss:{_id(found, edge.source)}"


def _hub(found: Metered, lost: balance.Losses) -> FlowNode:
    pue = lost.facility / lost.it if lost.it > 0.0 else None
    return FlowNode(
        id=_HUB,
        kind="hub",
        device=None,
        name=_SUPPLY_NAME,
        role=None,
        loss=None,
        kwh=lost.facility,
        estimated_kwh=0.0,
        coverage=found.share(lost.hours),
        partial_pue=pue,
    )


def _meters(found: Metered) -> list[FlowNode]:
    common = energy_edges.common(found.tree, found.hours)
    amount = found.hours.amount[common].sum(axis=0)
    estimated = found.hours.estimated[common].sum(axis=0)
    known = np.count_nonzero(found.hours.known, axis=0)
    nodes = []
    for index, row in enumerate(found.rows):
        partial = balance.partial_pue(found.tree, found.hours, index)
        nodes.append(
            FlowNode(
                id=_id(found, index),
                kind="supply" if row.role in energy_edges.SOURCES else "meter",
                device=row.device,
                name=Name(zh=row.name_zh, en=row.name_en),
                role=row.role,
                loss=None,
                kwh=float(amount[index]),
                estimated_kwh=float(estimated[index]),
                coverage=found.share(int(known[index])),
                partial_pue=None if np.isnan(partial) else partial,
            )
        )
    return nodes


def _losses(
    found: Metered, edges: Sequence[energy_edges.Edge], hours: int
) -> list[FlowNode]:
    return [
        FlowNode(
            id=_target(found, edge),
            kind="loss",
            device=None,
            name=_LOSS_NAMES[edge.loss],
            role=None,
            loss=edge.loss,
            kwh=edge.kwh,
            estimated_kwh=0.0,
            coverage=found.share(hours),
            partial_pue=None,
        )
        for edge in edges
        if edge.loss is not None
    ]
