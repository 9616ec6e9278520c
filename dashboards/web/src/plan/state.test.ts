import { expect, test } from "vitest";
import type { Alert, Place } from "../api/types";
import { clamped, condition, statusOf } from "./state";

const name = { zh: "处", en: "place" };
const place = (code: string, parent: string | null): Place => ({
  code,
  parent,
  kind: "area",
  name,
});
const places = [place("tunnel", null), place("gas", "tunnel"), place("lake", null)];
const alert = (at: string | null, severity: Alert["severity"], over = false) =>
  ({
    place: at,
    device: "d1",
    severity,
    cleared_at: over ? "2026-01-01T00:00:00Z" : null,
  }) as Alert;
const series = [
  { device: "d1", place: "gas", stale: true },
  { device: "d1", place: "gas", stale: false },
  { device: "d2", place: "lake", stale: true },
];

test("a place is as bad as the worst within it", () => {
  const alerts = [alert("gas", "low"), alert("tunnel", "high"), alert("gas", "critical", true)];
  const found = condition({ kind: "place", code: "tunnel" }, places, alerts, series);
  expect(found).toEqual({ severity: "high", alerts: 2, devices: 1, silent: 0 });
  expect(statusOf(found)).toBe("high");
});

test("a place is silent when all its devices are", () => {
  const found = condition({ kind: "place", code: "lake" }, places, [], series);
  expect(statusOf(found)).toBe("none");
  expect(statusOf(condition({ kind: "place", code: "gas" }, places, [], series))).toBe(
    "normal",
  );
});

test("a device has alerts of its own", () => {
  const found = condition({ kind: "device", code: "d1" }, places, [alert(null, "low")], series);
  expect(found.alerts).toBe(1);
});

test("positions stay on the drawing", () => {
  expect([-0.2, 0.123456, 7].map(clamped)).toEqual([0, 0.1235, 1]);
});
