import { describe, expect, test } from "vitest";
import type { Range } from "../api/types";
import { appended, barColumns, barWidth, columns, data, decimalsOf, extent } from "./plot";
import { lately, panned, spanOf, zoomed } from "./range";

function range(changes: Partial<Range>): Range {
  return {
    series: 1,
    start: "",
    end: "",
    tier: "raw",
    downsampled: false,
    from_points: 3,
    ts: [0, 60_000, 600_000],
    value: [1, 2, 3],
    min: null,
    max: null,
    gap_s: 150,
    ...changes,
  };
}

describe("columns", () => {
  test("a gap is a null, not a line", () => {
    const { x, value } = columns(range({}));
    expect(x).toEqual([0, 60, 60.001, 600]);
    expect(value).toEqual([1, 2, null, 3]);
  });

  test("the band has its edges, in uPlot's order", () => {
    const found = columns(range({ min: [0, 1, 2], max: [2, 3, 4] }));
    expect(data(found)).toEqual([
      [0, 60, 60.001, 600],
      [2, 3, null, 4],
      [0, 1, null, 2],
      [1, 2, null, 3],
    ]);
  });

  test("a live reading goes to the end once; after a silence behind a gap", () => {
    const before = columns(range({ ts: [0], value: [1] }));
    expect(appended(before, 0, 9, 150)).toBe(before);
    expect(appended(before, 60_000, 2, 150).value).toEqual([1, 2]);
    expect(appended(before, 600_000, 2, 150).value).toEqual([1, null, 2]);
  });
});

describe("bars", () => {
  const HOUR = 3_600_000;
  const span = { start: 0, end: 3 * HOUR };

  test("have a round width, few enough, never under a report interval", () => {
    expect(barWidth({ start: 0, end: HOUR }, 60)).toBe(60_000);
    expect(barWidth({ start: 0, end: HOUR }, 900)).toBe(900_000);
    expect(barWidth({ start: 0, end: 7 * 24 * HOUR }, 300)).toBe(3 * HOUR);
  });

  test("hold intervals by their end, and sums of a tier by their beginning", () => {
    const stamped = { ts: [HOUR / 2, HOUR, 2 * HOUR], value: [1, 2, 4] };
    expect(barColumns(range(stamped), "interval", span, HOUR, 0).value).toEqual([3, 4, null]);
    const hours = range({ ts: [0, HOUR], value: [1, 2], tier: "1h" });
    expect(barColumns(hours, "interval", span, HOUR, 0).value).toEqual([1, 2, null]);
  });

  test("hold what a register gained; a fall is unknown", () => {
    const register = range({ ts: [0, HOUR, 2 * HOUR, 3 * HOUR], value: [10, 12, 11, 15] });
    const { x, value } = barColumns(register, "counter", span, HOUR, 0);
    expect(value).toEqual([2, null, 4]);
    expect(x).toEqual([1800, 5400, 9000]);
  });

  test("of a day begin at local midnight", () => {
    const day = 24 * HOUR;
    const { x } = barColumns(
      range({ ts: [] }),
      "interval",
      { start: 0, end: day },
      day,
      8 * HOUR,
    );
    expect((x[0] ?? 0) * 1000).toBe(-8 * HOUR + day / 2);
  });
});

describe("scale", () => {
  const limit = (at: number) =>
    ({ severity: "high", direction: "above", limit: at, name: null }) as const;

  test("takes in a limit that is near, and not one that would flatten the line", () => {
    expect(extent([1, 2], [limit(3)], "m")[1]).toBeGreaterThan(3);
    expect(extent([1, 2], [limit(50)], "m")[1]).toBeLessThan(3);
  });

  test("is never empty", () => {
    const [low, high] = extent([5, 5, 5], [], "kWh");
    expect(high).toBeGreaterThan(low);
    expect(extent([], [], "kWh")).toEqual([0, 1]);
  });

  test("shows so much that noise does not fill it", () => {
    const [low, high] = extent([3.61, 3.62, 3.6], [], "V");
    expect(high - low).toBeGreaterThanOrEqual(0.5);
    expect((low + high) / 2).toBeCloseTo(3.61);
  });
});

test.each([
  [1, 0],
  [50, 0],
  [0.5, 1],
  [0.25, 2],
  [2.5, 1],
  [0.0001, 4],
  [0, 6],
])("marks %d apart have %d decimals", (step, decimals) => {
  expect(decimalsOf(step)).toBe(decimals);
});

describe("spans", () => {
  test("by name, by address", () => {
    expect(lately("1h", 7_200_000)).toEqual({ start: 3_600_000, end: 7_200_000 });
    expect(spanOf("1000", "5000")).toEqual({ start: 1000, end: 5000 });
    expect(spanOf("5000", "1000")).toBeNull();
    expect(spanOf("x", "1000")).toBeNull();
    expect(spanOf(null, null)).toBeNull();
  });

  test("move and zoom about their middle, down to a minute", () => {
    expect(panned({ start: 0, end: 100 }, 0.5)).toEqual({ start: 50, end: 150 });
    expect(zoomed({ start: 0, end: 400_000 }, 0.5)).toEqual({ start: 100_000, end: 300_000 });
    expect(zoomed({ start: 0, end: 60_000 }, 0.5)).toEqual({ start: 0, end: 60_000 });
  });
});
