"""Sun and clouds: irradiance at a place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from parkpulse.model.packed import FloatArray, Int64Array


_DAY_S = 86400.0
_J2000_S = 946_728_000
"""2000-01-01 12:00 UTC. [s]"""


def sun_height(times_s: Int64Array, latitude: float, longitude: float) -> FloatArray:
    """Sine of the sun's elevation.

    Parameters
    ----------
    times_s : array, shape (n,)
        Seconds since 1970 UTC. [s]
    latitude, longitude
        North and east. [degree]

    Returns
    -------
    array, shape (n,)
        Below 0 at night. [-]

    References
    ----------
    .. [1] The Astronomical Almanac, low-precision formulas for the sun (0.01 degree).
    """
    days = (times_s - _J2000_S) / _DAY_S
    anomaly = np.radians(357.528 + 0.9856003 * days)
    ecliptic = np.radians(
        280.460
        + 0.9856474 * days
        + 1.915 * np.sin(anomaly)
        + 0.020 * np.sin(2 * anomaly)
    )
    obliquity = np.radians(23.439 - 0.0000004 * days)
    ascension = np.arctan2(np.cos(obliquity) * np.sin(ecliptic), np.cos(ecliptic))
    declination = np.arcsin(np.sin(obliquity) * np.sin(ecliptic))
    sidereal = np.radians(280.46061837 + 360.98564736629 * days + longitude)
    phi = np.radians(latitude)
    height: FloatArray = np.sin(phi) * np.sin(declination) + np.cos(phi) * np.cos(
        declination
    ) * np.cos(sidereal - ascension)
    return height


def irradiance(height: FloatArray, cloud: FloatArray) -> FloatArray:
    """Global horizontal irradiance.

    Parameters
    ----------
    height : array, shape (n,)
        Sine of the sun's elevation. [-]
    cloud : array, shape (n,)
        Share of the sky that is covered, 0 to 1. [-]

    Returns
    -------
    array, shape (n,)
        0 when the sun is down. [W/m2]

    References
    ----------
    .. [1] B. Haurwitz, "Insolation in relation to cloud type", J. Meteorology 5, 1948.
    .. [2] F. Kasten, G. Czeplak, "Solar and terrestrial radiation dependent on the
       amount and type of cloud", Solar Energy 24, 1980.
    """
    above = np.maximum(height, 0.0)
    lit = np.maximum(above, 1e-6)
    clear = 1098.0 * above * np.exp(-0.057 / lit)
    reaching: FloatArray = clear * (1.0 - 0.75 * cloud**3.4)
    return reaching
