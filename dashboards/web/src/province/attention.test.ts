import { expect, test } from "vitest";
import type { Park } from "../api/types";
import { byAttention, worstOf } from "./attention";

const park = (code: string, alerts: Partial<Park["alerts"]>, silent = 0) =>
  ({
    code,
    alerts: { critical: 0, high: 0, medium: 0, low: 0, ...alerts },
    devices: { total: 10, reporting: 10 - silent, silent, discovered: 0 },
  }) as Park;

test("the worst alert comes first, silence before calm", () => {
  const parks = [
    park("calm", {}),
    park("many", { medium: 9 }),
    park("silent", {}, 4),
    park("one", { high: 1 }),
  ];
  expect(byAttention(parks).map(({ code }) => code)).toEqual(["one", "many", "silent", "calm"]);
  expect(worstOf(park("p", { low: 2, high: 1 }))).toBe("high");
  expect(worstOf(park("p", {}))).toBeNull();
});
