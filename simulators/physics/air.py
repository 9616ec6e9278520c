"""Water in air: saturation, humidity, wet bulb."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from parkpulse.model.packed import FloatArray


_GAS_CONSTANT_VAPOUR = 461.5
_KELVIN = 273.15


def saturation_density(temperature: FloatArray) -> FloatArray:
    """Density of saturated water vapour.

    Parameters
    ----------
    temperature : array
        Of the air, above -45. [degC]

    Returns
    -------
    array
        [kg/m3]

    References
    ----------
    .. [1] O. A. Alduchov, R. E. Eskridge, "Improved Magnus form approximation of
       saturation vapor pressure", J. Applied Meteorology 35, 1996.
    """
    pressure = 610.94 * np.exp(17.625 * temperature / (temperature + 243.04))
    density: FloatArray = pressure / (_GAS_CONSTANT_VAPOUR * (temperature + _KELVIN))
    return density


def wet_bulb(temperature: FloatArray, humidity: FloatArray) -> FloatArray:
    """Wet-bulb temperature.

    Parameters
    ----------
    temperature : array
        Of the air, -20 to 50. [degC]
    humidity : array
        Relative humidity, 5 to 99. [%RH]

    Returns
    -------
    array
        [degC]

    References
    ----------
    .. [1] R. Stull, "Wet-bulb temperature from relative humidity and air temperature",
       J. Applied Meteorology and Climatology 50, 2011.
    """
    result: FloatArray = (
        temperature * np.arctan(0.151977 * np.sqrt(humidity + 8.313659))
        + np.arctan(temperature + humidity)
        - np.arctan(humidity - 1.676331)
        + 0.00391838 * humidity**1.5 * np.arctan(0.023101 * humidity)
        - 4.686035
    )
    return result
