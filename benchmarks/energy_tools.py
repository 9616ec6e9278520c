"""The same year in Parkpulse, Polars and pandas, each from data in its own form.

The rules: a register's step downwards is its roll-over; a power holds until the next
reading, two minutes at most; PUE and REF of an hour count only the minutes that every
meter covers that the figure needs. Coverage is that of REF.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import polars as pl

from analytics import kpi, regular
from analytics.arrays import HOUR
from analytics.energy import Register
from benchmarks.energy_data import HOLD, MINUTES, MODULUS, ROLES, Result, Site

if TYPE_CHECKING:
    from collections.abc import Sequence

_REGISTER = Register(gap=HOLD, modulus=MODULUS, max_rate=5000.0)
_LONG_W = 60_000.0
"""W times minutes in a kWh."""
REGISTERS = ["grid", "ups", "pdu", "generator"]
POWERS = ["pv", "green", "wind", "cooling"]
COLUMNS = [*REGISTERS, *POWERS]
FACILITY = ["grid", "generator", "pv", "wind", "cooling"]
RENEWABLE = ["pv", "wind", "green"]


def ours(sites: Sequence[Site]) -> Result:
    """Compute with Parkpulse's own code on one core."""
    return _mean([_our_site(each) for each in sites])


def ours_threads(sites: Sequence[Site]) -> Result:
    """Compute with the same on two threads; NumPy lets go of the lock."""
    with ThreadPoolExecutor(2) as pool:
        return _mean(list(pool.map(_our_site, sites)))


def _our_site(site: Site) -> Result:
    formulas = {(each.kpi, each.category): each for each in kpi.formulas(ROLES)}
    sources: list[regular.Counter | regular.Power] = [
        *(regular.Counter(each, _REGISTER) for each in site.registers),
        *(regular.Power(each, HOLD) for each in site.powers),
    ]
    hours = regular.hours(site.ts, sources)
    pue, ref = (kpi.of_hours(formulas[key], hours) for key in (("pue", 1), ("ref", 0)))
    return Result(
        float(np.mean(kpi.value("pue", pue.numerator, pue.denominator))),
        float(np.mean(kpi.value("ref", ref.numerator, ref.denominator))),
        float(ref.covered.mean() / HOUR),
    )


def _mean(results: Sequence[Result]) -> Result:
    """Mean over data centres of equal length."""
    return Result(*(float(each) for each in np.mean(np.array(results), axis=0)))


def polars_frame(sites: Sequence[Site]) -> pl.DataFrame:
    """Put all data centres below each other, missing readings as nulls."""
    return pl.concat([_polars_site(*each) for each in enumerate(sites)])


def _polars_site(key: int, site: Site) -> pl.DataFrame:
    values = dict(zip(COLUMNS, (*site.registers, *site.powers), strict=True))
    time = pl.Series(site.ts).cast(pl.Datetime("us"))
    frame = pl.DataFrame({"time": time, **values})
    label = pl.lit(key, pl.Int32).alias("site")
    return frame.with_columns(label, pl.col(POWERS).fill_nan(None))


def in_polars(frame: pl.DataFrame) -> Result:
    """Compute lazily: windows over each site, then one aggregation by hour."""
    step = pl.col(REGISTERS).diff().shift(-1)
    rolled = step + pl.when(step < 0.0).then(MODULUS).otherwise(0.0)
    energies = [
        rolled.over("site"),
        pl.col(POWERS).forward_fill(limit=1).over("site") / _LONG_W,
    ]
    facility = pl.sum_horizontal(pl.col(FACILITY), ignore_nulls=False)
    renewable = pl.sum_horizontal(pl.col(RENEWABLE), ignore_nulls=False)
    known = (facility + renewable).is_not_null()
    hours = (
        frame.lazy()
        .with_columns(energies)
        .with_columns(facility=facility, renewable=renewable, known=known)
        .filter(pl.col("time") < pl.lit(MINUTES * 60_000_000).cast(pl.Datetime("us")))
        .group_by("site", pl.col("time").dt.truncate("1h"))
        .agg(
            dc=pl.col("facility").sum(),
            it=pl.col("ups").filter(pl.col("facility").is_not_null()).sum(),
            ren=pl.col("renewable").filter(pl.col("known")).sum(),
            all=pl.col("facility").filter(pl.col("known")).sum(),
            known=pl.col("known").mean(),
        )
        .select(
            (pl.col("dc") / pl.col("it")).mean().alias("pue"),
            (pl.col("ren") / pl.col("all")).mean().alias("ref"),
            pl.col("known").mean(),
        )
        .collect()
    )
    return Result(*(float(each) for each in hours.row(0)))


def pandas_frame(sites: Sequence[Site]) -> pd.DataFrame:
    """Put all data centres below each other."""
    parts = [_pandas_site(*each) for each in enumerate(sites)]
    return pd.concat(parts, ignore_index=True)


def _pandas_site(key: int, site: Site) -> pd.DataFrame:
    values = dict(zip(COLUMNS, (*site.registers, *site.powers), strict=True))
    time = pd.to_datetime(site.ts, unit="us")
    return pd.DataFrame({"site": np.int32(key), "time": time, **values})


def in_pandas(frame: pd.DataFrame) -> Result:
    """Compute group-wise differences and fills, then sum by site and hour."""
    by_site = frame.groupby("site", sort=False)
    energy = by_site[REGISTERS].diff().shift(-1)
    energy = energy.where(energy >= 0.0, energy + MODULUS)
    energy[POWERS] = by_site[POWERS].ffill(limit=1) / _LONG_W
    facility = energy[FACILITY].sum(axis=1, skipna=False)
    renewable = energy[RENEWABLE].sum(axis=1, skipna=False)
    known = facility.notna() & renewable.notna()
    table = pd.DataFrame(
        {
            "dc": facility,
            "it": energy["ups"].where(facility.notna()),
            "ren": renewable.where(known),
            "all": facility.where(known),
            "known": known / 60.0,
        }
    )
    within = frame["time"] < pd.Timestamp(MINUTES * 60, unit="s")
    keys = [frame["site"][within], frame["time"][within].dt.floor("h")]
    hours = table[within].groupby(keys, sort=False).sum()
    return Result(
        float((hours["dc"] / hours["it"]).mean()),
        float((hours["ren"] / hours["all"]).mean()),
        float(hours["known"].mean()),
    )
