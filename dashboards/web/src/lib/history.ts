/** Arithmetic on a series' recent points: increments, gaps, trend. Times in epoch ms. */

export interface Points {
  ts: number[];
  value: (number | null)[];
}

export const EMPTY: Points = { ts: [], value: [] };

/**
 * Adds a live point and drops what is older than `spanMs`; returns `points` if it is not newer.
 *
 * The newest point is replaced while it is closer than `spacingMs` to the one before it, so
 * that a series that reports every second stays as short as one that reports every minute.
 */
export function append(
  points: Points,
  ts: number,
  value: number,
  spanMs: number,
  spacingMs: number,
): Points {
  const last = points.ts.at(-1);
  if (last !== undefined && ts <= last) return points;
  const before = points.ts.at(-2);
  const crowded = last !== undefined && before !== undefined && last - before < spacingMs;
  const end = crowded ? points.ts.length - 1 : points.ts.length;
  const first = points.ts.findIndex((each) => each >= ts - spanMs);
  const from = first < 0 ? end : Math.min(first, end);
  return {
    ts: [...points.ts.slice(from, end), ts],
    value: [...points.value.slice(from, end), value],
  };
}

/** Puts a null between points further apart than `gapMs`, so that a line breaks there. */
export function broken(points: Points, gapMs: number): Points {
  const ts: number[] = [];
  const value: (number | null)[] = [];
  points.ts.forEach((at, i) => {
    const before = ts.at(-1);
    if (before !== undefined && at - before > gapMs) {
      ts.push(before + 1);
      value.push(null);
    }
    ts.push(at);
    value.push(points.value[i] ?? null);
  });
  return { ts, value };
}

/** What a register gained between its readings; unknown (null) where it fell. */
export function increments(points: Points): Points {
  const value = points.value.map((each, i) => {
    const before = i === 0 ? null : (points.value[i - 1] ?? null);
    if (each === null || before === null || each < before) return null;
    return each - before;
  });
  return { ts: points.ts.slice(1), value: value.slice(1) };
}

/** Sums of values in equal bins that end at `end`, oldest first; null where nothing is known. */
export function binned(
  points: Points,
  end: number,
  binMs: number,
  bins: number,
): (number | null)[] {
  const sums: (number | null)[] = Array.from({ length: bins }, () => null);
  points.ts.forEach((at, i) => {
    const value = points.value[i] ?? null;
    const bin = bins - 1 - Math.floor((end - at) / binMs);
    if (value === null || bin < 0 || bin >= bins) return;
    sums[bin] = (sums[bin] ?? 0) + value;
  });
  return sums;
}

/** Mean power between the readings of an energy register [kWh] as [W]. */
export function meanPower(points: Points): Points {
  const gained = increments(points);
  const value = gained.value.map((kwh, i) => {
    const hours = ((gained.ts[i] ?? 0) - (points.ts[i] ?? 0)) / 3_600_000;
    return kwh === null || hours <= 0 ? null : (kwh * 1000) / hours;
  });
  return { ts: gained.ts, value };
}

export type Trend = "rising" | "falling" | "steady";

/**
 * Direction over the last `spanMs`: the change between the means of the first and the last
 * third, as a share of `scale` (the width of the series' band), against 3 %.
 */
export function trendOf(points: Points, spanMs: number, scale: number): Trend | null {
  const end = points.ts.at(-1);
  if (end === undefined || scale <= 0) return null;
  const third = spanMs / 3;
  const early = mean(points, end - spanMs, end - 2 * third);
  const late = mean(points, end - third, end);
  if (early === null || late === null) return null;
  const change = (late - early) / scale;
  if (Math.abs(change) < 0.03) return "steady";
  return change > 0 ? "rising" : "falling";
}

function mean(points: Points, from: number, to: number): number | null {
  let sum = 0;
  let n = 0;
  points.ts.forEach((at, i) => {
    const value = points.value[i] ?? null;
    if (value === null || at < from || at > to) return;
    sum += value;
    n += 1;
  });
  return n === 0 ? null : sum / n;
}

export function known(values: readonly (number | null)[]): number[] {
  return values.filter((value) => value !== null);
}
