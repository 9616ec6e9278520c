/** What is looked at in the explorer, as the address holds it; no DOM here. */
import type { Span } from "../chart/range";

/** Most series at once. */
export const MOST = 12;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
export const RANGES = ["1h", "6h", "24h", "7d", "30d", "90d", "1y"] as const;
export type RangeName = (typeof RANGES)[number];

const LENGTH: Record<RangeName, number> = {
  "1h": HOUR_MS,
  "6h": 6 * HOUR_MS,
  "24h": DAY_MS,
  "7d": 7 * DAY_MS,
  "30d": 30 * DAY_MS,
  "90d": 90 * DAY_MS,
  "1y": 366 * DAY_MS,
};

export function lately(name: RangeName, now: number): Span {
  return { start: now - LENGTH[name], end: now };
}

export function rangeNamed(text: string | null): RangeName {
  return RANGES.find((each) => each === text) ?? "24h";
}

/** Ids from `17,18`; each once, at most `MOST`. */
export function idsOf(text: string | null): number[] {
  const found = (text ?? "").split(",").map(Number);
  const good = found.filter((each) => Number.isSafeInteger(each) && each > 0);
  return [...new Set(good)].slice(0, MOST);
}

/** With one more, or one less. */
export function toggled(ids: readonly number[], id: number): number[] {
  if (ids.includes(id)) return ids.filter((each) => each !== id);
  return ids.length < MOST ? [...ids, id] : [...ids];
}

/** Whether every word of the search stands in one of the texts. */
export function matches(search: string, texts: readonly string[]): boolean {
  const text = texts.join(" ").toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

/** Closer (`factor` < 1) or wider about one moment; never under ten seconds. */
export function zoomedAt({ start, end }: Span, factor: number, at: number): Span {
  const used = Math.max(factor, 10_000 / (end - start));
  return { start: at - (at - start) * used, end: at + (end - at) * used };
}

export function moved({ start, end }: Span, by: number): Span {
  return { start: start + by, end: end + by };
}

/** Share of the readings that were due up to now; null when none was due. */
export function coverage(
  readings: number,
  intervalS: number,
  span: Span,
  now: number,
): number | null {
  const due = (Math.min(span.end, now) - span.start) / (intervalS * 1000);
  return due < 1 ? null : Math.min(1, readings / Math.floor(due));
}
