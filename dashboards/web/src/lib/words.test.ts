import { expect, test } from "vitest";
import type { Alert } from "../api/types";
import { en } from "../i18n/en";
import { zh } from "../i18n/zh";
import { Format } from "./format";
import { alertFigure, alertWord } from "./words";

const name = { zh: "水位", en: "Stage" };

function alert(kind: string, metric: string | null, unit: string | null): Alert {
  const onset = "2026-01-01T00:00:00Z";
  return {
    id: "a",
    rule: { code: "rule", name, kind },
    subject: "demo/one",
    park: "demo",
    place: null,
    place_name: null,
    device: "one",
    device_name: name,
    series: 1,
    metric,
    metric_name: name,
    unit,
    severity: "low",
    level: null,
    state: "unacknowledged",
    quiet: null,
    assignee: null,
    retroactive: false,
    onset,
    raised_at: onset,
    cleared_at: null,
    acknowledged_at: null,
    acknowledged_by: null,
    value: 3,
    limit: 3,
    direction: "above",
    version: 1,
  };
}

const written = (of: Alert, value: number) => [
  alertFigure(zh, new Format("zh", "UTC"), of, value),
  alertFigure(en, new Format("en", "UTC"), of, value),
];

test.each([
  [alert("rate", "water_level", "m/h"), 0.72, ["0.72\u202fm/h", "0.72\u202fm/h"]],
  [alert("rate", "air_temperature", "degC/h"), 4, ["4.0\u202f°C/h", "4.0\u202f°C/h"]],
  [alert("quality", "active_power", null), 3, ["可疑", "suspect"]],
  [alert("quality", "hatch_open", null), 4, ["不合格", "fail"]],
  [alert("absence", null, null), 5, ["5 个上报间隔", "5 report intervals"]],
  [alert("balance", null, null), 0.125, ["12.5%", "12.5%"]],
  [alert("anomaly", "water_level", null), 0.9993, ["0.9993", "0.9993"]],
  [alert("threshold", "water_level", "m"), 2.1, ["2.10\u202fm", "2.10\u202fm"]],
])("an alert's value is written as what it is: %#", (of, value, expected) => {
  expect(written(of, value)).toEqual(expected);
});

test("a verdict and one of two states need no limit beside them", () => {
  expect(alertWord(zh, alert("quality", "active_power", null), 4)).toBe("不合格");
  expect(alertWord(en, alert("threshold", "hatch_open", "1"), 1)).toBe("open");
  expect(alertWord(en, alert("threshold", "water_level", "m"), 1)).toBeNull();
  expect(alertWord(en, alert("rate", "water_level", "m/h"), 1)).toBeNull();
});
