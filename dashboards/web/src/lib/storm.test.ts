import { expect, test } from "vitest";
import type { GaugeLevel, GaugeRain, Stage } from "../api/operator-types";
import { byUrgency, highest, reached, soonest, WINDOWS, worstRain } from "./storm";

const name = { zh: "站", en: "gauge" };

function gauge(device: string, sums: Record<number, number>): GaugeRain {
  return {
    series: 1,
    device,
    device_name: name,
    place: null,
    ts: null,
    stale: false,
    sums: Object.entries(sums).map(([hours, mm]) => ({
      window_min: Number(hours) * 60,
      mm,
      coverage: 1,
    })),
    colour: null,
    class_24h: null,
    suspect: 0,
  };
}

function stage(limit: number, isReached: boolean, hours: number | null): Stage {
  return {
    name,
    severity: limit > 2 ? "high" : "medium",
    limit,
    reached: isReached,
    hours,
    earliest_h: hours,
    latest_h: null,
  };
}

function level(device: string, stages: Stage[]): GaugeLevel {
  return {
    series: 1,
    device,
    device_name: name,
    place: null,
    metric: "water_level",
    ts: null,
    stale: false,
    level: 1,
    rate: 0.1,
    rate_low: 0,
    rate_high: 0.2,
    stage: stages.findLast((each) => each.reached) ?? null,
    stages,
  };
}

test("a threshold is reached by as much as it says, and the highest counts", () => {
  const three = WINDOWS.find((each) => each.hours === 3);
  if (three === undefined) throw new Error("no window of 3 h");
  expect([49.9, 50, 100].map((mm) => reached(three, mm))).toEqual([null, "high", "critical"]);
  expect(reached(three, null)).toBeNull();
});

test("the park is as bad as its worst gauge in its worst window", () => {
  const gauges = [gauge("a", { 3: 20, 12: 60 }), gauge("b", { 3: 55, 12: 55 })];
  expect(highest(gauges, 3)?.gauge.device).toBe("b");
  expect(worstRain(gauges)).toBe("high");
  expect(worstRain([gauge("a", { 3: 20, 12: 60 })])).toBe("low");
  expect(worstRain([])).toBeNull();
});

test("reached stages come first, then what is soon", () => {
  const calm = level("calm", [stage(1, false, null)]);
  const soon = level("soon", [stage(1, false, 0.5), stage(3, false, 4)]);
  const over = level("over", [stage(1, true, 0), stage(3, false, 2)]);
  expect(byUrgency([calm, soon, over]).map((each) => each.device)).toEqual([
    "over",
    "soon",
    "calm",
  ]);
  expect(soonest([calm, over, soon])?.level.device).toBe("soon");
  expect(soonest([calm])).toBeNull();
});
