/** A year of days as weeks of a calendar, and how dark each day is drawn. */
import type { Kpi } from "../api/types";

const DAY_MS = 86_400_000;
export const STEPS = 5;

export interface CalendarDay {
  /** Number of the civil day since 1970. */
  day: number;
  week: number;
  /** 0 is Monday. */
  weekday: number;
  kpi: Kpi | null;
  /** 0 to STEPS - 1 by value; null without a figure. */
  step: number | null;
  above: boolean;
}

/** Civil day of an instant in a zone that is `offsetMs` ahead of UTC. */
export function dayNumber(at: number, offsetMs: number): number {
  return Math.floor((at + offsetMs) / DAY_MS);
}

/** The days from the first row to the last, gaps included, oldest first. */
export function calendar(rows: readonly Kpi[], offset: (at: number) => number): CalendarDay[] {
  const known = new Map(
    rows.map((row) => {
      const at = Date.parse(row.start);
      return [dayNumber(at, offset(at)), row];
    }),
  );
  const days = [...known.keys()];
  if (days.length === 0) return [];
  const first = Math.min(...days);
  const count = Math.max(...days) - first + 1;
  const edges = quantiles(rows.map(({ value }) => value).filter((value) => value !== null));
  // 1 January 1970 was a Thursday.
  const monday = first - ((first + 3) % 7);
  return [...Array(count).keys()].map((index) => {
    const day = first + index;
    const kpi = known.get(day) ?? null;
    const value = kpi?.value ?? null;
    return {
      day,
      week: Math.floor((day - monday) / 7),
      weekday: (day + 3) % 7,
      kpi,
      step: value === null ? null : edges.filter((edge) => value > edge).length,
      above: value !== null && kpi?.target != null && value >= kpi.target,
    };
  });
}

/** Values that part the sorted values into STEPS alike groups. */
function quantiles(values: number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  return [...Array(STEPS - 1).keys()].map(
    (index) => sorted[Math.floor(((index + 1) * sorted.length) / STEPS)] ?? Infinity,
  );
}

const MOVES: Record<string, number> = {
  ArrowUp: -1,
  ArrowDown: 1,
  ArrowLeft: -7,
  ArrowRight: 7,
  PageUp: -28,
  PageDown: 28,
};

/** Index that a key leads to, within [0, count); null for other keys. */
export function moved(key: string, index: number, count: number): number | null {
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  const by = MOVES[key];
  return by === undefined ? null : Math.min(count - 1, Math.max(0, index + by));
}
