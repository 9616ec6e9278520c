/** How quantities are written: shown unit, scale and decimals of each canonical unit. */

export interface Written {
  /** The number, already scaled. */
  value: number;
  decimals: number;
  unit: string;
}

interface Step {
  from: number;
  factor: number;
  unit: string;
}

const FIXED: Record<string, { unit: string; decimals: number }> = {
  m: { unit: "m", decimals: 2 },
  "m3/s": { unit: "m³/s", decimals: 2 },
  mm: { unit: "mm", decimals: 1 },
  "mm/h": { unit: "mm/h", decimals: 1 },
  "%": { unit: "%", decimals: 1 },
  "%vol": { unit: "%vol", decimals: 2 },
  "%RH": { unit: "%RH", decimals: 0 },
  "mg/m3": { unit: "mg/m³", decimals: 1 },
  L: { unit: "L", decimals: 0 },
  degC: { unit: "°C", decimals: 1 },
  V: { unit: "V", decimals: 2 },
  dBm: { unit: "dBm", decimals: 0 },
  dB: { unit: "dB", decimals: 0 },
  s: { unit: "s", decimals: 1 },
  "1": { unit: "", decimals: 0 },
};

const SCALED: Record<string, Step[]> = {
  W: [
    { from: 1e6, factor: 1e-6, unit: "MW" },
    { from: 1e3, factor: 1e-3, unit: "kW" },
    { from: 0, factor: 1, unit: "W" },
  ],
  kWh: [
    { from: 1e6, factor: 1e-6, unit: "GWh" },
    { from: 1e3, factor: 1e-3, unit: "MWh" },
    { from: 0, factor: 1, unit: "kWh" },
  ],
};

/** A scale shows no less than this of a quantity, lest noise fill its height. */
const LEAST_SPAN: Record<string, number> = {
  m: 0.1,
  "m3/s": 0.05,
  mm: 1,
  "mm/h": 1,
  "%": 10,
  "%vol": 0.5,
  "%RH": 10,
  "mg/m3": 1,
  degC: 2,
  V: 0.5,
  dBm: 20,
  dB: 10,
};

/** What a scale of these must not leave. */
const WITHIN: Record<string, [number, number]> = { "%": [0, 100], "%RH": [0, 100] };

/** A scale widened about its middle until it shows enough of the quantity. */
export function widened([low, high]: [number, number], unit: string): [number, number] {
  const more = (LEAST_SPAN[unit] ?? 0) - (high - low);
  if (more <= 0) return [low, high];
  const wide: [number, number] = [low - more / 2, high + more / 2];
  const [least, most] = WITHIN[unit] ?? [-Infinity, Infinity];
  if (low < least || high > most) return wide;
  const shift = Math.max(0, least - wide[0]) - Math.max(0, wide[1] - most);
  return [wide[0] + shift, wide[1] + shift];
}

/** `scaleBy` chooses the prefix from another magnitude, so that an axis has one unit. */
export function write(value: number, unit: string, scaleBy = value): Written {
  const steps = SCALED[unit];
  if (steps === undefined) {
    const fixed = FIXED[unit] ?? rated(unit) ?? { unit, decimals: 2 };
    return { value, ...fixed };
  }
  const step = steps.find((each) => Math.abs(scaleBy) >= each.from) ?? { factor: 1, unit };
  const scaled = value * step.factor;
  return { value: scaled, decimals: decimalsFor(Math.abs(scaled)), unit: step.unit };
}

/** A unit per time, "degC/h", as its own unit is written. */
function rated(unit: string): { unit: string; decimals: number } | undefined {
  const at = unit.lastIndexOf("/");
  const of = FIXED[unit.slice(0, Math.max(0, at))];
  return of && { unit: `${of.unit}${unit.slice(at)}`, decimals: of.decimals };
}

/** Three or four significant digits. */
function decimalsFor(magnitude: number): number {
  if (magnitude >= 100 || magnitude === 0) return 0;
  return magnitude >= 10 ? 1 : 2;
}
