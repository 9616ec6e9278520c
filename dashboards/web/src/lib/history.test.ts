import { describe, expect, test } from "vitest";
import { append, binned, broken, EMPTY, increments, meanPower, trendOf } from "./history";

const points = (...pairs: [number, number | null][]) => ({
  ts: pairs.map(([ts]) => ts),
  value: pairs.map(([, value]) => value),
});

describe("append", () => {
  test("adds a newer point and drops what is older than the span", () => {
    const before = points([0, 1], [500, 2], [1000, 3]);
    expect(append(before, 1600, 4, 1000, 10)).toEqual(points([1000, 3], [1600, 4]));
  });

  test("keeps what it has when the point is not newer", () => {
    const before = points([1000, 3]);
    expect(append(before, 1000, 9, 1000, 10)).toBe(before);
  });

  test("replaces the newest point while it is crowded", () => {
    let all = points([0, 1], [100, 2]);
    for (let ts = 101; ts <= 150; ts += 1) all = append(all, ts, ts, 10_000, 100);
    expect(all.ts.length).toBeLessThanOrEqual(4);
    expect(all.ts.at(-1)).toBe(150);
  });

  test("begins with nothing", () => {
    expect(append(EMPTY, 5, 1, 100, 10)).toEqual(points([5, 1]));
  });
});

test("a gap gets a null, so that the line breaks", () => {
  expect(broken(points([0, 1], [10, 2], [100, 3]), 50)).toEqual(
    points([0, 1], [10, 2], [11, null], [100, 3]),
  );
});

describe("registers", () => {
  test("gain the difference; a fall is unknown, not negative", () => {
    expect(increments(points([0, 10], [1, 12], [2, 3], [3, 4]))).toEqual(
      points([1, 2], [2, null], [3, 1]),
    );
  });

  test("give the mean power between their readings", () => {
    expect(meanPower(points([0, 100], [3_600_000, 102], [5_400_000, 103]))).toEqual(
      points([3_600_000, 2000], [5_400_000, 2000]),
    );
  });
});

test("bins are sums up to the end; what is unknown stays unknown", () => {
  const sums = binned(points([5, 1], [15, 2], [16, 3], [40, 9], [-10, 7]), 40, 10, 4);
  expect(sums).toEqual([1, 5, null, 9]);
});

describe("trend", () => {
  const line = (slope: number) =>
    points(...Array.from({ length: 31 }, (_, i): [number, number] => [i * 10, i * slope]));

  test.each([
    [1, "rising"],
    [-1, "falling"],
    [0.001, "steady"],
  ])("a slope of %d is %s", (slope, word) => {
    expect(trendOf(line(slope), 300, 30)).toBe(word);
  });

  test("is unknown without points at both ends", () => {
    expect(trendOf(points([300, 1]), 300, 30)).toBeNull();
    expect(trendOf(EMPTY, 300, 30)).toBeNull();
  });
});
