/** Rain hanging from the top, level beneath, one time axis: what uPlot is given. */
import uPlot from "uplot";
import type { Range, SeriesKind } from "../api/types";
import { barColumns, barWidth, columns } from "../chart/plot";
import type { Span } from "../chart/range";

export interface Hydrograph {
  data: uPlot.AlignedData;
  barMs: number;
  level: [number, number];
  rain: [number, number];
}

/** Part of the height that the level leaves to the rain above it. */
const RAIN_SHARE = 0.36;
const LEAST_MM = 5;
const LEAST_RISE_M = 0.2;

export function hydrograph(
  rain: { range: Range; kind: SeriesKind; intervalS: number },
  level: Range,
  stages: readonly number[],
  span: Span,
  offsetMs: number,
): Hydrograph {
  const barMs = Math.max(barWidth(span, rain.intervalS), (span.end - span.start) / 100);
  const bars = barColumns(rain.range, rain.kind, span, barMs, offsetMs);
  const line = columns(level);
  return {
    data: uPlot.join([
      [bars.x, bars.value],
      [line.x, line.value],
    ]),
    barMs,
    level: levelScale(line.value, stages),
    rain: rainScale(bars.value),
  };
}

/** The level's line ends below the rain; the next stage above it is shown if it is near. */
function levelScale(values: (number | null)[], stages: readonly number[]): [number, number] {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return [0, 1];
  const low = Math.min(...known);
  let high = Math.max(...known);
  const reach = Math.max(high - low, LEAST_RISE_M) * 3;
  const next = [...stages].sort((a, b) => a - b).find((stage) => stage > high);
  if (next !== undefined && next - high <= reach) high = next;
  const height = Math.max(high - low, LEAST_RISE_M) * 1.1;
  return [low - height * 0.05, low + height / (1 - RAIN_SHARE)];
}

function rainScale(values: (number | null)[]): [number, number] {
  const most = Math.max(LEAST_MM, ...values.map((value) => value ?? 0));
  return [0, most / RAIN_SHARE];
}
