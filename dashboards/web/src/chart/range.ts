/** Spans of time that a chart can show. */

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export const RANGES = ["1h", "6h", "24h", "7d", "30d", "13mo"] as const;
export type RangeName = (typeof RANGES)[number];

const LENGTH: Record<RangeName, number> = {
  "1h": HOUR_MS,
  "6h": 6 * HOUR_MS,
  "24h": DAY_MS,
  "7d": 7 * DAY_MS,
  "30d": 30 * DAY_MS,
  "13mo": 396 * DAY_MS,
};

export interface Span {
  start: number;
  end: number;
}

/** The last hours or days, up to now. */
export function lately(name: RangeName, now: number): Span {
  return { start: now - LENGTH[name], end: now };
}

/** A span from the address, `start` and `end` in epoch ms; null if it is none. */
export function spanOf(from: string | null, to: string | null): Span | null {
  const start = Number(from);
  const end = Number(to);
  if (from === null || to === null || !Number.isFinite(start) || end - start < 1000)
    return null;
  return { start, end };
}

/** Moved by a share of its length. */
export function panned({ start, end }: Span, by: number): Span {
  const step = (end - start) * by;
  return { start: start + step, end: end + step };
}

/** Closer (`factor` < 1) or wider about the middle; never under a minute. */
export function zoomed({ start, end }: Span, factor: number): Span {
  const half = Math.max(30_000, ((end - start) * factor) / 2);
  const middle = (start + end) / 2;
  return { start: middle - half, end: middle + half };
}
