import { expect, test } from "vitest";
import type { Alert, AlertState, Severity } from "../api/types";
import { held, matches, NO_FILTER, sorted, within } from "./alerts";

function alert(id: string, severity: Severity, state: AlertState, onset: string): Alert {
  const name = { zh: "水位", en: "Stage" };
  return {
    id,
    rule: { code: "stage", name, kind: "threshold" },
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
    quiet: null,
    assignee: null,
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
  const by = (text: string) => ({ ...NO_FILTER, text });
  expect(ids(ALL.filter((each) => matches(each, by("青溪 B/"), words)))).toBe("b");
  expect(ids(ALL.filter((each) => matches(each, by("nothing"), words)))).toBe("");
  expect(ids(ALL.filter((each) => matches(each, by(""), words)))).toBe("abcd");
});

test("retroactive alerts are shown on demand", () => {
  const late = { ...ALL[0], retroactive: true } as Alert;
  const filter = { ...NO_FILTER, retroactive: false };
  expect(matches(late, filter, () => "")).toBe(false);
  expect(matches(late, { ...filter, retroactive: true }, () => "")).toBe(true);
});

test("rows under the pointer keep their place", () => {
  expect(held(["a", "b", "c"], ["d", "c", "a"])).toEqual(["a", "c", "d"]);
});

test("alerts are chosen by who takes care, where they are and since when", () => {
  const one = { ...ALL[0], assignee: "Li", place: "cell-1" } as Alert;
  const kept = (filter: Partial<typeof NO_FILTER>) =>
    matches(one, { ...NO_FILTER, ...filter }, () => "");
  expect(kept({ assignee: "Li" })).toBe(true);
  expect(kept({ assignee: "Wang" })).toBe(false);
  expect(kept({ places: new Set(["cell-1"]) })).toBe(true);
  expect(kept({ places: new Set(["cell-2"]) })).toBe(false);
  expect(kept({ state: "acknowledged" })).toBe(false);
  expect(kept({ rule: "stage", since: Date.parse(one.raised_at) })).toBe(true);
  expect(kept({ since: Date.parse(one.raised_at) + 1 })).toBe(false);
});

test("a place holds what lies in it, however deep", () => {
  const place = (code: string, parent: string | null) => ({
    code,
    parent,
    kind: "room",
    name: { zh: code, en: code },
  });
  const all = [place("c", "b"), place("b", "a"), place("a", null), place("x", null)];
  expect([...within(all, "a")].sort()).toEqual(["a", "b", "c"]);
});
