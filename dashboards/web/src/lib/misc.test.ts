import { describe, expect, test } from "vitest";
import { isStale } from "./freshness";
import { twoColumns } from "./layout";
import { Queue } from "./queue";
import { rainClass } from "./rain";
import { link, parseRoute } from "./route";

describe("route", () => {
  test.each([
    ["", { park: null, page: "overview", id: null, query: {} }],
    ["#/demo", { park: "demo", page: "overview", id: null, query: {} }],
    ["#/demo/alerts/a1", { park: "demo", page: "alerts", id: "a1", query: {} }],
    [
      "#/a%3Ab/devices/x.1?q=%E6%B0%B4",
      { park: "a:b", page: "devices", id: "x.1", query: { q: "水" } },
    ],
    ["#/demo/nonsense", { park: "demo", page: "overview", id: null, query: {} }],
    ["#/%E0%A4/series", { park: "%E0%A4", page: "series", id: null, query: {} }],
  ])("%s is read", (fragment, route) => {
    expect(parseRoute(fragment)).toEqual(route);
  });

  test("what is written is read back", () => {
    const fragment = link("a:b", "devices", "x/y", { q: "水 位", sort: null });
    expect(parseRoute(fragment)).toEqual({
      park: "a:b",
      page: "devices",
      id: "x/y",
      query: { q: "水 位" },
    });
  });
});

describe("freshness is 2.5 report intervals, at least 15 minutes", () => {
  test.each([
    [60, 900, false],
    [60, 901, true],
    [900, 2250, false],
    [900, 2251, true],
  ])("interval %d s, age %d s: old is %s", (interval, age, old) => {
    expect(isStale(0, age * 1000, interval)).toBe(old);
  });
});

test.each([
  [0, "none"],
  [0.04, "none"],
  [0.05, "light"],
  [9.94, "light"],
  [9.95, "moderate"],
  [24.9, "moderate"],
  [25, "heavy"],
  [50, "rainstorm"],
  [249.9, "heavy_rainstorm"],
  [250, "extraordinary"],
])("%d mm in 24 h is %s", (total, name) => {
  expect(rainClass(total)).toBe(name);
});

describe("two columns", () => {
  const panels = (...heights: number[]) => heights.map((height, what) => ({ what, height }));

  test("are as even as they can be", () => {
    expect(twoColumns(panels(172, 138, 206, 94, 406))).toEqual([
      [0, 1, 2],
      [3, 4],
    ]);
  });

  test("keep the first on the left", () => {
    expect(twoColumns(panels(500, 10))[0]).toEqual([0]);
    expect(twoColumns(panels())).toEqual([[], []]);
  });
});

test("the queue runs a few at a time and goes on after a failure", async () => {
  const queue = new Queue(2);
  let running = 0;
  let most = 0;
  let done = 0;
  await new Promise<void>((resolve) => {
    for (let i = 0; i < 6; i += 1)
      queue.add(async () => {
        running += 1;
        most = Math.max(most, running);
        await Promise.resolve();
        running -= 1;
        done += 1;
        if (done === 6) resolve();
      });
  });
  expect(most).toBe(2);
});
