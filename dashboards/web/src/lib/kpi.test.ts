import { describe, expect, test } from "vitest";
import type { Kpi } from "../api/types";
import { en } from "../i18n/en";
import { zh } from "../i18n/zh";
import { Format } from "./format";
import {
  byKey,
  headline,
  keyOf,
  leadingCategory,
  targetText,
  tone,
  verdictWord,
  why,
} from "./kpi";

const format = new Format("en", "Asia/Shanghai");

function kpi(changes: Partial<Kpi>): Kpi {
  return {
    kpi: "pue",
    category: 2,
    period: "rolling_12_months",
    start: "2025-11-01T00:00:00Z",
    end: "2026-11-01T00:00:00Z",
    value: 1.236,
    unit: "1",
    numerator_unit: "kWh",
    numerator_kwh: 1236,
    numerator_estimated_kwh: 0,
    denominator_kwh: 1000,
    denominator_estimated_kwh: 0,
    coverage: 0.99,
    covered_s: 99,
    estimated_s: 0,
    elapsed_s: 100,
    verdict: "compliant",
    target: 1.25,
    comparison: "lt",
    state: "closed",
    revision: 0,
    computed_at: "2026-11-01T02:00:00Z",
    evidence: { meters: [], clipped: false, finding: null, rule: null, revisions: [] },
    ...changes,
  };
}

describe("the figure that stands for a KPI", () => {
  const items = [
    kpi({ category: 1 }),
    kpi({ category: 3, verdict: "insufficient data" }),
    kpi({ category: 2, period: "year", value: 1.24 }),
    kpi({ category: 2 }),
  ];

  test("is of the category nearest to the IT equipment that has a verdict", () => {
    expect(leadingCategory(items, "pue")).toBe(2);
    expect(leadingCategory([items[1] ?? kpi({})], "pue")).toBe(3);
    expect(leadingCategory([], "pue")).toBe(0);
  });

  test("is of the longest period that has one", () => {
    expect(headline(items, "pue", 2)?.period).toBe("rolling_12_months");
    expect(headline([kpi({ value: null }), kpi({ period: "month" })], "pue", 2)?.period).toBe(
      "month",
    );
    expect(headline(items, "ref", 0)).toBeNull();
  });
});

describe("targets", () => {
  test("are written as they are compared", () => {
    expect(targetText(format, "pue", 1.25)).toBe("< 1.25");
    expect(targetText(format, "ref", 0.25)).toBe("≥ 25%");
    expect(targetText(format, "ref_hourly", null)).toBeNull();
  });

  test("exactly 1.25 does not comply, exactly 25 % does", () => {
    const interim = { verdict: "interim: above target" } as const;
    expect(tone(kpi({ ...interim, value: 1.25 }))).toBe("bad");
    expect(tone(kpi({ ...interim, kpi: "ref", value: 0.25, target: 0.25 }))).toBe("open");
  });
});

test.each([
  ["pue", "interim: above target", "Interim: target missed so far", "中间值：目前未达标"],
  ["pue", "interim: below target", "Interim: target kept so far", "中间值：目前达标"],
  ["ref", "interim: above target", "Interim: target kept so far", "中间值：目前达标"],
  ["ref", "interim: below target", "Interim: target missed so far", "中间值：目前未达标"],
  ["wue", "interim: below target", "Interim: target kept so far", "中间值：目前达标"],
  ["pue", "not compliant", "Not compliant", "不达标"],
] as const)("%s, %s is told as what it means", (name, verdict, inEnglish, inChinese) => {
  expect(verdictWord(en, { kpi: name, verdict })).toBe(inEnglish);
  expect(verdictWord(zh, { kpi: name, verdict })).toBe(inChinese);
});

describe("why", () => {
  test.each([
    [kpi({}), "1.236 meets the target < 1.25."],
    [kpi({ value: 1.25, verdict: "not compliant" }), "1.250 misses the target < 1.25."],
    [
      kpi({ coverage: 0.914, verdict: "insufficient data" }),
      "Only 91.4% of the period is covered by every required meter; a verdict needs 95%.",
    ],
    [kpi({ target: null, verdict: "not applicable" }), "No target is registered."],
    [
      kpi({
        value: null,
        verdict: "insufficient data",
        evidence: {
          meters: [],
          clipped: false,
          finding: "facility_below_it",
          rule: null,
          revisions: [],
        },
      }),
      "The IT meters count more than the whole data centre: check the meters.",
    ],
  ])("%#", (figure, sentence) => {
    expect(why(en, format, figure)).toBe(sentence);
  });
});

test("a figure is found by its key, with or without its start", () => {
  const older = kpi({ period: "month", start: "2026-03-01T00:00:00Z" });
  const items = [kpi({}), older];
  expect(byKey(items, keyOf(older, true))).toBe(older);
  expect(byKey(items, "pue.2.rolling_12_months")).toBe(items[0]);
  expect(byKey(items, "pue.9.year")).toBeNull();
});

test("both dictionaries have the same keys, and no English word is left in the Chinese one", () => {
  const leaves = (of: object, path = ""): string[] =>
    Object.entries(of).flatMap(([key, value]) =>
      typeof value === "object" && value !== null
        ? leaves(value as object, `${path}${key}.`)
        : [`${path}${key}`],
    );
  expect(leaves(zh)).toEqual(leaves(en));
});
