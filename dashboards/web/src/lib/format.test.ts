import { describe, expect, test } from "vitest";
import { Format } from "./format";

const en = new Format("en", "Asia/Shanghai");
const zh = new Format("zh", "Asia/Shanghai");

describe("quantities", () => {
  test.each([
    [1.234, "m", "1.23\u202fm"],
    [13.75, "m3/s", "13.75\u202fm³/s"],
    [2_310_000, "W", "2.31\u202fMW"],
    [-640_000, "W", "−640\u202fkW"],
    [0, "W", "0\u202fW"],
    [34_900_000, "kWh", "34.9\u202fGWh"],
    [999.4, "kWh", "999\u202fkWh"],
    [27.04, "%", "27.0%"],
    [20.794, "%vol", "20.79\u202f%vol"],
    [-0.001, "mm", "0.0\u202fmm"],
    [3.2, "furlong", "3.20\u202ffurlong"],
  ])("%d %s is written %s", (value, unit, text) => {
    expect(en.quantity(value, unit)).toBe(text);
  });

  test("no value is a dash, never zero", () => {
    expect(en.quantity(null, "m")).toBe("–");
    expect(en.share(null)).toBe("–");
    expect(en.pue(null)).toBe("–");
  });

  test("PUE has three decimals, a share one", () => {
    expect(en.pue(1.24956)).toBe("1.250");
    expect(en.share(0.28349)).toBe("28.3%");
  });
});

describe("durations", () => {
  test.each([
    [0, "0\u202fs", "0\u202f秒"],
    [59.9, "59\u202fs", "59\u202f秒"],
    [60, "1\u202fmin", "1\u202f分"],
    [3600, "1\u202fh", "1\u202f小时"],
    [18_300, "5\u202fh\u202f05", "5时05分"],
    [172_800, "2\u202fd", "2\u202f天"],
    [-3, "0\u202fs", "0\u202f秒"],
  ])("%d s", (seconds, english, chinese) => {
    expect(en.duration(seconds)).toBe(english);
    expect(zh.duration(seconds)).toBe(chinese);
  });
});

describe("times are those of the park", () => {
  const instant = "2026-11-22T16:30:05Z";

  test("clock and day", () => {
    expect(en.clockSeconds(instant)).toBe("00:30:05");
    expect(en.fullDay(instant)).toBe("23 Nov 2026");
    expect(zh.fullDay(instant)).toBe("2026/11/23");
    expect(en.offset(instant)).toBe("UTC+8");
    expect(en.offsetMs(instant)).toBe(8 * 3_600_000);
    expect(new Format("en", "Asia/Kolkata").offsetMs(instant)).toBe(5.5 * 3_600_000);
    expect(new Format("en", "America/New_York").offsetMs(instant)).toBe(-5 * 3_600_000);
    expect(new Format("en", "Etc/UTC").offsetMs(instant)).toBe(0);
  });

  test("the day is left out on the same day only", () => {
    expect(en.when(instant, "2026-11-23T10:00:00Z")).toBe("00:30");
    expect(en.when(instant, "2026-11-23T18:00:00Z")).toBe("23 Nov 00:30");
  });

  test("a date without time does not move with the zone", () => {
    expect(new Format("en", "America/Los_Angeles").plainDay("2024-06-01")).toBe("1 Jun 2024");
  });
});
