"""Charts from tiers, those that wait together in one round trip."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from api import answers
from api.answers import Body
from api.gathered import Gathered
from parkpulse.query import courses, ranges
from parkpulse.query.ranges import Chart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parkpulse.store.pool import Database


class Charts:
    """Answers charts.

    Parameters
    ----------
    database
        Open as long as charts are asked for.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tiers: dict[str, Gathered[Chart, Body]] = {
            tier: Gathered(functools.partial(self._answer, tier))
            for tier in courses.WIDTHS
        }

    async def get(self, chart: Chart) -> Body:
        """Read a chart that is small enough for the company of others.

        Raises
        ------
        InvalidRequestError
            There would be too many readings.
        StoreUnavailableError
            The database does not answer.
        """
        return await self._tiers[chart.tier].get(chart)

    def _answer(self, tier: str, charts: Sequence[Chart]) -> list[Body | Exception]:
        found = self._database.read(
            lambda conn: ranges.read_together(conn, tier, charts)
        )
        return [
            each if isinstance(each, Exception) else answers.body(each)
            for each in found
        ]
