import { describe, expect, test } from "vitest";
import type { Limit } from "../api/types";
import { bandOf, positionIn, rank } from "./band";

const limit = (direction: Limit["direction"], value: number): Limit => ({
  severity: "high",
  direction,
  limit: value,
  name: null,
});

describe("band", () => {
  test("the normal part lies between the innermost limits", () => {
    const band = bandOf(
      [limit("below", 18), limit("below", 19.5), limit("above", 23.5)],
      [20.9],
      "%vol",
    );
    const [from, to] = band.normal ?? [0, 0];
    expect(from).toBeCloseTo(positionIn(band, 19.5));
    expect(to).toBeCloseTo(positionIn(band, 23.5));
    expect(band.low).toBeLessThan(18);
  });

  test("a quantity that cannot be negative starts at zero", () => {
    expect(bandOf([limit("above", 1), limit("above", 1.25)], [0.04], "%vol").low).toBe(0);
  });

  test("a share has the whole scale", () => {
    expect(bandOf([], [27], "%")).toMatchObject({ low: 0, high: 100, normal: null });
  });

  test("without limits the scale is what was seen", () => {
    const band = bandOf([], [10, 20], "m3/s");
    expect(band.low).toBeLessThan(10);
    expect(band.high).toBeGreaterThan(20);
    expect(band.recent).toEqual([positionIn(band, 10), positionIn(band, 20)]);
  });

  test("noise without limits does not fill the scale", () => {
    const { recent } = bandOf([], [3.6, 3.61], "V");
    expect((recent?.[1] ?? 1) - (recent?.[0] ?? 0)).toBeLessThan(0.05);
    expect(bandOf([], [10, 20], "V").recent?.[0]).toBeLessThan(0.2);
  });

  test("a flat or unknown past still gives a scale", () => {
    expect(positionIn(bandOf([], [5, 5], "m"), 5)).toBeGreaterThan(0);
    expect(bandOf([], [], "m")).toMatchObject({ low: 0, high: 1, recent: null });
  });

  test("a value beyond the scale stays on its edge", () => {
    const band = bandOf([], [10, 20], "m");
    expect(positionIn(band, 1000)).toBe(1);
    expect(positionIn(band, -1000)).toBe(0);
  });
});

test("severities are ordered", () => {
  expect(rank("critical")).toBeGreaterThan(rank("high"));
  expect(rank("medium")).toBeGreaterThan(rank("low"));
});
