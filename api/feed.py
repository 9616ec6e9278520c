"""What open streams are told after each poll, one frame a second at most."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
import numpy as np

from api import frames
from parkpulse.query import alerts
from parkpulse.query.tail import FLOW_EVERY_S

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from api.hub import Frame, Hub, View
    from parkpulse.model.alert import Alert
    from parkpulse.query.catalogue import Park
    from parkpulse.query.flow import FlowMeter
    from parkpulse.query.live import Live
    from parkpulse.store.pool import Connection

OVERLAP = timedelta(seconds=60)
"""Changes that were made so long before are told again after a pause."""


class _Centre(msgspec.Struct, frozen=True, order=True):
    """A data centre as a notification names it."""

    park: str
    data_centre: str


class Feed:
    """Makes the frames of all parks that somebody looks at.

    Parameters
    ----------
    live, flow
        The present.
    hub
        The open streams.
    """

    def __init__(self, live: Live, flow: FlowMeter, hub: Hub) -> None:
        self._live = live
        self._flow = flow
        self._hub = hub
        self._told_version = 0
        self._told_at = datetime.now(UTC)
        self._flow_due_s = 0.0
        self._alerts: set[UUID] = set()
        self._centres: set[_Centre] = set()
        self._missed_since: datetime | None = None

    def expect_alert(self, alert_id: str) -> None:
        """Tell of this alert at the next step, for it has changed."""
        self._alerts.add(UUID(alert_id))

    def expect_kpi(self, payload: str) -> None:
        """Tell of a data centre's figures at the next step, for they have changed."""
        self._centres.add(msgspec.json.decode(payload, type=_Centre))

    def catch_up(self) -> None:
        """Tell at the next step what has changed since the last, notified or not."""
        self._missed_since = self._told_at - OVERLAP
        for park in self._live.catalogue.parks.values():
            code = park.row.code
            self._centres |= {_Centre(code, each.code) for each in park.data_centres}

    def tell(self, conn: Connection, now_s: float) -> bool:
        """Send what has changed since the last call; whether there was anything.

        Parameters
        ----------
        conn
            Open connection.
        now_s
            A monotonic clock [s].
        """
        watched = self._watched()
        begun = datetime.now(UTC)
        changed = self._changed(conn, [park for park, _ in watched])
        centres, self._centres = self._centres, set()
        flow_due = now_s >= self._flow_due_s
        told = False
        for park, views in watched:
            shared = self._alert_frames(park, changed)
            shared += self._kpi_frames(park, centres)
            if flow_due:
                shared.append(self._flow_frame(park))
            for view in views:
                news = shared + self._values(park, view)
                self._hub.publish(view, news)
                told = told or bool(news)
        self._told_version, self._told_at = self._live.newest.version, begun
        if flow_due:
            self._flow_due_s = now_s + FLOW_EVERY_S
        return told

    def _watched(self) -> list[tuple[Park, list[View]]]:
        views = defaultdict(list)
        for view in self._hub.watched():
            views[view.park_id].append(view)
        parks = self._live.catalogue.parks.values()
        return [(park, views[park.row.id]) for park in parks if park.row.id in views]

    def _values(self, park: Park, view: View) -> list[Frame]:
        series = park.index.series
        if view.series is not None:
            series = np.array(view.series, np.int32)
        newest = self._live.newest.changed(series, self._told_version)
        if not newest.series.size:
            return []
        return [frames.values(self._hub.next_id(), self._live.now(park), newest)]

    def _changed(self, conn: Connection, parks: Sequence[Park]) -> list[Alert]:
        ids, self._alerts = self._alerts, set()
        since, self._missed_since = self._missed_since, None
        if not parks:
            return []
        found = alerts.by_ids(conn, sorted(ids))
        if since is not None:
            for park in parks:
                found += alerts.changed_since(conn, park.row.id, since)
        return found

    def _alert_frames(self, park: Park, changed: Sequence[Alert]) -> list[Frame]:
        return [
            frames.alert(self._hub.next_id(), each)
            for each in changed
            if each.park == park.row.code
        ]

    def _kpi_frames(self, park: Park, centres: Iterable[_Centre]) -> list[Frame]:
        return [
            frames.kpi(self._hub.next_id(), each.data_centre)
            for each in sorted(centres)
            if each.park == park.row.code
        ]

    def _flow_frame(self, park: Park) -> Frame:
        return frames.flow(self._hub.next_id(), self._flow.flow(park.row.code))
