import { expect, test } from "vitest";
import type { Alert, AlertState, Severity } from "../api/types";
import { held, matches, sorted } from "./alerts";

function alert(id: string, severity: Severity, state: AlertState, onset: string): Alert {
  const name = { zh: "水位", en: "Stage" };
  return {
    id,
    rule: { code: "stage", name },
    subject: `${id}/water_level`,
    park: "demo",
    place: null,
    place_name: null,
    device: id,
    device_name: name,
    series: 1,
    metric: "water_level",
    metric_name: name,
    unit: "m",
    severity,
    level: null,
    state,
    retroactive: false,
    onset,
    raised_at: onset,
    cleared_at: null,
    acknowledged_at: null,
    acknowledged_by: null,
    value: 2,
    limit: 1.8,
    direction: "above",
    version: 1,
  };
}

const ALL = [
  alert("a", "low", "unacknowledged", "2026-01-01T00:00:00Z"),
  alert("b", "critical", "acknowledged", "2026-01-01T01:00:00Z"),
  alert("c", "high", "unacknowledged", "2026-01-01T02:00:00Z"),
  alert("d", "high", "unacknowledged", "2026-01-01T03:00:00Z"),
];
const ids = (alerts: Alert[]) => alerts.map(({ id }) => id).join("");

test("what nobody has seen comes first, then the worst, then the newest", () => {
  expect(ids(sorted(ALL, "severity"))).toBe("dcab");
  expect(ids(sorted(ALL, "time"))).toBe("dcba");
});

test("the filter wants every word, in any order", () => {
  const words = (each: Alert) => `${each.subject} 青溪河`;
  const by = (text: string) => ({ text, severity: null, retroactive: false });
  expect(ids(ALL.filter((each) => matches(each, by("青溪 B/"), words)))).toBe("b");
  expect(ids(ALL.filter((each) => matches(each, by("nothing"), words)))).toBe("");
  expect(ids(ALL.filter((each) => matches(each, by(""), words)))).toBe("abcd");
});

test("retroactive alerts are shown on demand", () => {
  const late = { ...ALL[0], retroactive: true } as Alert;
  const filter = { text: "", severity: null, retroactive: false };
  expect(matches(late, filter, () => "")).toBe(false);
  expect(matches(late, { ...filter, retroactive: true }, () => "")).toBe(true);
});

test("rows under the pointer keep their place", () => {
  expect(held(["a", "b", "c"], ["d", "c", "a"])).toEqual(["a", "c", "d"]);
});
