"""Elements of SL 651-2014 (table C.1) and what they are called here."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

TIME, STATION, TEXT, PICTURE, BATCH = 0xF0, 0xF1, 0xF2, 0xF3, 0xFD
STEP, DURATION, STATUS, EXTENDED = 0x04, 0x05, 0x45, 0xFF
RAIN_OF_HOUR = 0xF4
LEVELS_OF_HOUR = range(0xF5, 0xFD)
HOURS = range(RAIN_OF_HOUR, LEVELS_OF_HOUR.stop)
"""Guides of the groups of twelve values in one hour."""


class Element(NamedTuple):
    """An element with a number."""

    guide: int
    source: str
    """Identifier in ASCII: `Z`."""
    metric: str
    """Metric of metrics.toml; the identifier where there is none."""
    digits: int
    """Digits without point."""
    decimals: int

    @property
    def size(self) -> int:
        """Bytes of a positive value in BCD."""
        return (self.digits + 1) // 2


_ROWS = """
01 AC cross_section_area 8 2
02 AI air_temperature 3 1
03 C water_temperature 3 1
06 ED evaporation_daily 5 1
07 EJ evaporation 5 1
08 FL air_pressure 5 0
09 GH gate_opening 5 2
0A GN - 3 0
0B GS - 1 0
0C GT gates_open 3 0
0D GTP ground_temperature 3 1
0E H groundwater_depth 6 2
0F HW wave_height 5 2
10 M10 soil_moisture_10cm 4 1
11 M20 soil_moisture_20cm 4 1
12 M30 soil_moisture_30cm 4 1
13 M40 soil_moisture_40cm 4 1
14 M50 soil_moisture_50cm 4 1
15 M60 soil_moisture_60cm 4 1
16 M80 soil_moisture_80cm 4 1
17 M100 soil_moisture_100cm 4 1
18 MST relative_humidity 4 1
19 NS pumps_running 2 0
1A P1 rainfall_1h 5 1
1B P2 rainfall_2h 5 1
1C P3 rainfall_3h 5 1
1D P6 rainfall_6h 5 1
1E P12 rainfall_12h 5 1
1F PD rainfall_daily 5 1
20 PJ rainfall_today 5 1
21 PN01 rainfall_1min 5 1
22 PN05 rainfall_interval 5 1
23 PN10 rainfall_10min 5 1
24 PN30 rainfall_30min 5 1
25 PR rainfall_storm 5 1
26 PT rainfall_total 6 1
27 Q flow_rate 9 3
30 QA flow_rate_outflow 9 3
31 QZ flow_rate_gate 9 3
32 SW sediment_load 11 3
33 UC wind_sector 2 0
34 UE wind_force 2 0
35 US wind_speed 4 1
36 VA flow_velocity_mean 5 3
37 VJ flow_velocity 5 3
38 VT battery_voltage 4 2
39 Z water_level 7 3
3A ZB water_level_downstream 7 3
3B ZU water_level_upstream 7 3
44 SQ sediment_concentration 9 3
46 pH ph 4 2
47 DO dissolved_oxygen 4 1
48 COND conductivity 5 0
49 TURB turbidity 3 0
4A CODMN permanganate_index 4 1
4B REDOX redox_potential 5 1
4C NH4N ammonia_nitrogen 6 2
4D TP total_phosphorus 5 3
4E TN total_nitrogen 5 2
4F TOC total_organic_carbon 4 2
50 CU copper 7 4
51 ZN zinc 6 4
52 SE selenium 7 5
53 AS arsenic 7 5
54 THG mercury 7 5
55 CD cadmium 7 5
56 PB lead 7 5
57 CHLA chlorophyll_a 4 2
70 VTA voltage_a 4 1
71 VTB voltage_b 4 1
72 VTC voltage_c 4 1
73 VIA current_a 4 1
74 VIB current_b 4 1
75 VIC current_c 4 1
"""

# First guide, identifier, metric, digits, decimals of those that come by eight.
_EIGHTS = (
    (0x28, "Q", "flow_rate_", 9, 3),
    (0x3C, "Z", "water_level_", 7, 3),
    (0x58, "WP", "water_pressure_", 5, 2),
    (0x60, "SYL", "water_meter_remaining_", 11, 3),
    (0x68, "SBL", "water_meter_hourly_", 10, 2),
)


def _all() -> Iterator[Element]:
    for row in _ROWS.split("\n")[1:-1]:
        guide, source, metric, digits, decimals = row.split(" ")
        named = source if metric == "-" else metric
        yield Element(int(guide, 16), source, named, int(digits), int(decimals))
    for first, source, metric, size, points in _EIGHTS:
        for n in range(1, 9):
            yield Element(first + n - 1, f"{source}{n}", f"{metric}{n}", size, points)
    yield Element(DURATION, "DT", "rainfall_duration", 4, 2)


ELEMENTS = {each.guide: each for each in _all()}
"""Elements with numbers by guide."""
BY_SOURCE = {each.source.upper(): each for each in ELEMENTS.values()}
"""The same by identifier in capitals."""

BY_METRIC = {each.metric: each for each in ELEMENTS.values()}
"""The same by metric."""

SENTINELS = {0x09: (444.0, 555.0, 888.0, 999.0), 0x0E: (444.0,)}
"""Values that are codes (appendix E): gate closed, free, lifted, open; dry well."""

CLASSES = {
    0x50: "P",
    0x48: "H",
    0x4B: "K",
    0x5A: "Z",
    0x44: "D",
    0x54: "T",
    0x4D: "M",
    0x47: "G",
    0x51: "Q",
    0x49: "I",
    0x4F: "O",
}
"""Classes of stations: rain, river, reservoir, sluice, pumps, tide, soil, groundwater,
quality, intake, outlet."""


def level_of_hour(index: int) -> tuple[str, str]:
    """Give identifier and metric of the group of relative levels `index`, from 1."""
    return f"DRZ{index}", f"relative_water_level_{index}"


STATUS_BITS = (
    "mains_off",
    "battery_low",
    "level_over_limit",
    "flow_over_limit",
    "quality_over_limit",
    "flow_meter_fault",
    "level_gauge_fault",
    "door_closed",
    "memory_fault",
    "ic_card_active",
    "pump_stopped",
    "remaining_water_low",
)
"""What a 1 says, from bit 0; a 0 at 7 and 10 says door open and pump running."""


def status(word: int) -> dict[str, bool]:
    """Name the bits of a status word; inverse ones as `door_open`, `pump_running`."""
    found = {name: bool(word >> bit & 1) for bit, name in enumerate(STATUS_BITS)}
    found["door_open"] = not found.pop("door_closed")
    found["pump_running"] = not found.pop("pump_stopped")
    return found
