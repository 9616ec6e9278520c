import { describe, expect, test } from "vitest";
import {
  coverage,
  idsOf,
  lately,
  matches,
  MOST,
  rangeNamed,
  toggled,
  zoomedAt,
} from "./choice";
import { fileAddress } from "./data";
import { charts, look, table, valueAt, type Line } from "./lines";

const HOUR_MS = 3_600_000;

function line(changes: Partial<Line>): Line {
  return {
    id: 1,
    name: "",
    unit: "m",
    metric: "water_level",
    columns: { x: [0, 10, 10.001, 30], value: [1, 2, null, 3], low: null, high: null },
    colour: "#000",
    dash: [],
    stepped: false,
    limits: [],
    flags: [],
    ...changes,
  };
}

describe("the address", () => {
  test("names up to twelve series, each once", () => {
    expect(idsOf("17,18,17,x,-3,1.5")).toEqual([17, 18]);
    expect(idsOf(null)).toEqual([]);
    expect(idsOf(Array.from({ length: 20 }, (_, n) => n + 1).join())).toHaveLength(MOST);
  });

  test("gets one more or one less", () => {
    expect(toggled([1, 2], 2)).toEqual([1]);
    expect(toggled([1], 2)).toEqual([1, 2]);
    const full = Array.from({ length: MOST }, (_, n) => n + 1);
    expect(toggled(full, 99)).toEqual(full);
  });

  test("has a range, a day if it is none", () => {
    expect(rangeNamed("1y")).toBe("1y");
    expect(rangeNamed("2y")).toBe("24h");
    expect(lately("1h", HOUR_MS)).toEqual({ start: 0, end: HOUR_MS });
  });

  test("of a file names every series", () => {
    const span = { start: 0, end: HOUR_MS };
    const found = fileAddress("de mo", [17, 18], span, "1h", "parquet");
    const url = new URL(found, "http://x");
    expect(url.pathname).toBe("/api/v1/parks/de%20mo/export");
    expect(url.searchParams.getAll("series")).toEqual(["17", "18"]);
    expect(url.searchParams.get("start")).toBe("1970-01-01T00:00:00.000Z");
    expect(url.searchParams.get("resolution")).toBe("1h");
  });
});

test("a search needs all words, in any of the texts", () => {
  expect(matches("canal LEVEL", ["level-canal", "Water level"])).toBe(true);
  expect(matches("运河 雨量", ["运河水位", "水位"])).toBe(false);
});

test("the moment under the pointer stays where it is", () => {
  const found = zoomedAt({ start: 0, end: 100_000 }, 0.5, 25_000);
  expect(found).toEqual({ start: 12_500, end: 62_500 });
  const closest = zoomedAt({ start: 0, end: 20_000 }, 0.001, 10_000);
  expect(closest.end - closest.start).toBe(10_000);
});

test("coverage is of what was due by now", () => {
  const span = { start: 0, end: 10 * HOUR_MS };
  expect(coverage(60, 60, span, 2 * HOUR_MS)).toBe(0.5);
  expect(coverage(601, 60, span, 20 * HOUR_MS)).toBe(1);
  expect(coverage(0, 60, span, 0)).toBeNull();
});

describe("lines", () => {
  test("two units share a chart, the third gets its own", () => {
    const units = ["m", "mm", "m", "V"];
    const found = charts(units.map((unit, id) => line({ id, unit })));
    expect(found.map((each) => each.map(({ id }) => id))).toEqual([[0, 1, 2], [3]]);
  });

  test("times of all lines are one column, and gaps stay gaps", () => {
    const other = line({ columns: { x: [5, 30], value: [7, 8], low: null, high: null } });
    const [x, one, two] = table([line({}), other]);
    expect(x).toEqual([0, 5, 10, 10.001, 30]);
    // What is null breaks the line; what is undefined does not.
    expect(one).toEqual([1, undefined, 2, null, 3]);
    expect(two).toEqual([undefined, 7, undefined, undefined, 8]);
  });

  test("a band has its edges before its line, unless there are many", () => {
    const banded = line({ columns: { x: [0], value: [2], low: [1], high: [3] } });
    expect(table([banded])).toEqual([[0], [3], [1], [2]]);
    expect(table(Array.from({ length: 5 }, () => banded))).toHaveLength(6);
  });

  test("the value at a time is the last until then, none in a gap", () => {
    expect(valueAt(line({}), 9)).toBe(1);
    expect(valueAt(line({}), 20)).toBeNull();
    expect(valueAt(line({}), -1)).toBeNull();
  });

  test("no two of twelve look alike", () => {
    for (const dark of [false, true]) {
      const looks = Array.from({ length: MOST }, (_, n) => JSON.stringify(look(n, dark)));
      expect(new Set(looks).size).toBe(MOST);
    }
  });
});
