import { expect, test } from "vitest";
import type { Series } from "../api/types";
import { matrix } from "./matrix";

let nextId = 1;

function one(device: string, place: string | null, metric: string): { info: Series } {
  const name = { zh: device, en: device };
  const info: Series = {
    id: nextId,
    device,
    device_name: name,
    device_kind: "tunnel_controller",
    place,
    metric,
    metric_name: name,
    unit: "%vol",
    kind: "gauge",
    group: "tunnel",
    report_interval_s: 60,
    latest: null,
    limits: [],
  };
  nextId += 1;
  return { info };
}

test("a row for each place, columns in the order in which people ask for them", () => {
  const all = [
    one("a", "gas", "air_temperature"),
    one("a", "gas", "oxygen"),
    one("b", "gas", "methane"),
    one("c", "water", "oxygen"),
  ];
  const { columns, rows } = matrix(all);
  expect(columns.map(({ metric }) => metric)).toEqual(["oxygen", "methane", "air_temperature"]);
  expect(rows.map(({ place, byDevice }) => [place, byDevice])).toEqual([
    ["gas", false],
    ["water", false],
  ]);
  expect(rows[1]?.cells.map((cell) => cell?.info.device ?? null)).toEqual(["c", null, null]);
});

test("a place with two sensors of a kind has a row for each device", () => {
  const rows = matrix([one("a", "gas", "oxygen"), one("b", "gas", "oxygen")]).rows;
  expect(rows.map(({ device, byDevice }) => [device.en, byDevice])).toEqual([
    ["a", true],
    ["b", true],
  ]);
  expect(new Set(rows.map(({ key }) => key)).size).toBe(2);
});

test("devices without a place stand by themselves", () => {
  const rows = matrix([one("a", null, "oxygen"), one("b", null, "oxygen")]).rows;
  expect(rows.map(({ byDevice }) => byDevice)).toEqual([true, true]);
});
