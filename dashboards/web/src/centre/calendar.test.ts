import { expect, test } from "vitest";
import type { Kpi } from "../api/types";
import { calendar, moved, STEPS } from "./calendar";

const EIGHT_HOURS = 8 * 3_600_000;

function row(start: string, value: number | null, target: number | null = 1.25): Kpi {
  return { start, value, target } as Kpi;
}

test("days are civil days of the zone, and gaps stay gaps", () => {
  // 2026-03-01 and 2026-03-03 in UTC+8, a Sunday and a Tuesday.
  const rows = [row("2026-02-28T16:00:00Z", 1.2), row("2026-03-02T16:00:00Z", 1.3)];
  const days = calendar(rows, () => EIGHT_HOURS);
  expect(days.map(({ weekday, week }) => [weekday, week])).toEqual([
    [6, 0],
    [0, 1],
    [1, 1],
  ]);
  expect(days.map(({ kpi }) => kpi?.value ?? null)).toEqual([1.2, null, 1.3]);
  expect(days.map(({ above }) => above)).toEqual([false, false, true]);
});

test("steps part the days alike; a day without figure has none", () => {
  const rows = [...Array(50).keys()].map((index) =>
    row(new Date(Date.UTC(2026, 0, 1 + index)).toISOString(), 1 + index / 100),
  );
  const steps = calendar(rows, () => 0).map(({ step }) => step);
  expect(Math.max(...steps.map((step) => step ?? -1))).toBe(STEPS - 1);
  expect(steps.filter((step) => step === 0)).toHaveLength(11);
  expect(calendar([row("2026-01-01T00:00:00Z", null)], () => 0)[0]?.step).toBeNull();
  expect(calendar([], () => 0)).toEqual([]);
});

test("keys move by a day, a week, to the ends, and not beyond", () => {
  expect(moved("ArrowDown", 3, 10)).toBe(4);
  expect(moved("ArrowRight", 3, 10)).toBe(9);
  expect(moved("ArrowLeft", 3, 10)).toBe(0);
  expect([moved("Home", 3, 10), moved("End", 3, 10)]).toEqual([0, 9]);
  expect(moved("a", 3, 10)).toBeNull();
});
