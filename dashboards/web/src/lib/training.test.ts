import { expect, test } from "vitest";
import { progress, usualSpeed } from "./training";

const scenario = {
  code: "x",
  name: { zh: "", en: "" },
  about: { zh: "", en: "" },
  start: "2026-11-03T00:00:00Z",
  duration_h: 8,
  devices: 1,
  events: 0,
};

test("progress is the share by the park's clock, from 0 to 1", () => {
  expect(progress(scenario, null)).toBe(0);
  expect(progress(scenario, "2026-11-02T00:00:00Z")).toBe(0);
  expect(progress(scenario, "2026-11-03T02:00:00Z")).toBe(0.25);
  expect(progress(scenario, "2026-11-04T00:00:00Z")).toBe(1);
});

test("the usual speed ends a scenario within a quarter of an hour, if any does", () => {
  expect(usualSpeed(0.2)).toBe(1);
  expect(usualSpeed(8)).toBe(60);
  expect(usualSpeed(168)).toBe(3600);
  expect(usualSpeed(8760)).toBe(3600);
});
