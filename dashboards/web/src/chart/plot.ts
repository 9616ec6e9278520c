/** What uPlot is given: columns, axes, colours; no DOM here. */
import type uPlot from "uplot";
import type { Limit, Range, SeriesKind } from "../api/types";
import { increments } from "../lib/history";
import { widened } from "../lib/units";
import type { Span } from "./range";

export type View = "gained" | "register";

export interface Columns {
  /** Seconds since 1970, as uPlot counts. */
  x: number[];
  value: (number | null)[];
  low: (number | null)[] | null;
  high: (number | null)[] | null;
}

/** Columns of a range; gaps longer than `gap_s` get a null, so that they are drawn as gaps. */
export function columns(range: Range): Columns {
  const banded = range.min !== null && range.max !== null;
  const result: Columns = {
    x: [],
    value: [],
    low: banded ? [] : null,
    high: banded ? [] : null,
  };
  range.ts.forEach((ts, i) => {
    const before = i === 0 ? ts : (range.ts[i - 1] ?? ts);
    if (ts - before > range.gap_s * 1000) push(result, before / 1000 + 0.001, null, null, null);
    const low = range.min?.[i] ?? null;
    const high = range.max?.[i] ?? null;
    push(result, ts / 1000, range.value[i] ?? null, low, high);
  });
  return result;
}

const MINUTE_MS = 60_000;
const WIDTHS_MIN = [1, 5, 10, 15, 30, 60, 180, 360, 720, 1440, 4320, 10_080, 43_200];
const MOST_BARS = 160;

/** Width of bars: a round one, not narrower than a report interval, that gives few enough. */
export function barWidth(span: Span, reportIntervalS: number): number {
  const least = Math.max(reportIntervalS * 1000, (span.end - span.start) / MOST_BARS);
  const minutes = WIDTHS_MIN.find((each) => each * MINUTE_MS >= least);
  return (minutes ?? 43_200) * MINUTE_MS;
}

/**
 * Sums in equal bars over the span: of intervals, or of what a register gained. Bars begin at
 * multiples of their width on a clock that is `offsetMs` ahead of UTC. Where nothing is known
 * there is no bar.
 */
export function barColumns(
  range: Range,
  kind: SeriesKind,
  span: Span,
  width: number,
  offsetMs: number,
): Columns {
  const points = kind === "counter" ? increments(range) : range;
  // Readings are stamped with the end of their interval, sums of a tier with its beginning.
  const isEnd = range.tier === "raw" && (kind === "counter" || !range.downsampled);
  const first = Math.floor((span.start + offsetMs) / width) * width - offsetMs;
  const count = Math.max(1, Math.ceil((span.end - first) / width));
  const sums: (number | null)[] = Array.from({ length: count }, () => null);
  points.ts.forEach((ts, i) => {
    const value = points.value[i] ?? null;
    const bar = Math.floor((ts - (isEnd ? 1 : 0) - first) / width);
    if (value !== null && bar >= 0 && bar < count) sums[bar] = (sums[bar] ?? 0) + value;
  });
  const x = sums.map((_, bar) => (first + (bar + 0.5) * width) / 1000);
  return { x, value: sums, low: null, high: null };
}

function push(
  columns: Columns,
  x: number,
  value: number | null,
  low: number | null,
  high: number | null,
): void {
  columns.x.push(x);
  columns.value.push(value);
  columns.low?.push(low);
  columns.high?.push(high);
}

/** Rows in uPlot's order; the band's edges come before the line that they surround. */
export function data({ x, value, low, high }: Columns): uPlot.AlignedData {
  return low === null || high === null ? [x, value] : [x, high, low, value];
}

/**
 * Scale that shows the data, enough of the unit that noise stays small, and a limit only where
 * it is near enough not to flatten the data.
 */
export function extent(values: number[], limits: Limit[], unit: string): [number, number] {
  if (values.length === 0) return [0, 1];
  let [low, high] = widened([Math.min(...values), Math.max(...values)], unit);
  const reach = Math.max(high - low, Math.abs(high) * 0.02, 1e-6) * 2;
  for (const { limit } of limits) {
    if (limit > high && limit - high <= reach) high = limit;
    if (limit < low && low - limit <= reach) low = limit;
  }
  const pad = (high - low) * 0.08 || Math.abs(high) * 0.05 || 1;
  return [low - pad, high + pad];
}

/** The newest reading as one more point; the same columns if it is not newer. */
export function appended(columns: Columns, ts: number, value: number, gapS: number): Columns {
  const x = ts / 1000;
  const last = columns.x.at(-1);
  if (last !== undefined && x <= last) return columns;
  const next: Columns = {
    x: [...columns.x],
    value: [...columns.value],
    low: columns.low === null ? null : [...columns.low],
    high: columns.high === null ? null : [...columns.high],
  };
  if (last !== undefined && x - last > gapS) push(next, last + 0.001, null, null, null);
  push(next, x, value, value, value);
  return next;
}

/** Decimals that tell the marks of an axis apart: 2 for a step of 0.25. */
export function decimalsOf(step: number): number {
  for (let decimals = 0; decimals < 6; decimals += 1) {
    const scaled = step * 10 ** decimals;
    if (scaled >= 0.999 && Math.abs(scaled - Math.round(scaled)) < 1e-6 * scaled)
      return decimals;
  }
  return 6;
}
