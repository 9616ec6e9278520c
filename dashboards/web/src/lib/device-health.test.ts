import { expect, test } from "vitest";
import type { DeviceFinding } from "../api/operator-types";
import type { Device, Quarantined } from "../api/types";
import { health, weight } from "./device-health";

const device = (code: string, more: Partial<Device> = {}): Device => ({
  code,
  name: { zh: code, en: code },
  kind: "water_level",
  place: null,
  state: "active",
  clock: "trusted",
  report_interval_s: 300,
  last_received_at: "2026-01-01T00:00:10Z",
  last_ts: "2026-01-01T00:00:00Z",
  silent: false,
  ...more,
});
const finding = (of: string, code: DeviceFinding["code"]) =>
  ({ device: of, code }) as DeviceFinding;
const aside = (of: string, reason: string) => ({ device: of, reason }) as Quarantined;

test("findings, clock and quarantine are told apart", () => {
  const found = health(
    [
      device("fine"),
      device("fast", { last_ts: "2026-01-01T00:05:10Z" }),
      device("weak"),
      device("gone", { silent: true }),
    ],
    [finding("weak", "signal_edge"), finding("weak", "battery_low")],
    [aside("weak", "not_json"), aside("gone", "clock_future")],
  );
  expect(found.map(({ troubles }) => troubles)).toEqual([
    [],
    ["clock"],
    ["low", "weak", "aside"],
    ["silent", "clock", "aside"],
  ]);
  expect(found[1]?.aheadS).toBe(300);
  expect([...found].sort((a, b) => weight(b) - weight(a))[0]?.device.code).toBe("gone");
});
