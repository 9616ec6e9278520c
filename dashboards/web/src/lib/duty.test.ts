import { expect, test } from "vitest";
import { monday, turnsOf } from "./duty";

const MONDAY = Date.parse("2026-11-23T00:00:00Z");
const EIGHT_H = 8 * 3_600_000;
const instant = (wall: number) => wall - EIGHT_H;
const roster = {
  code: "room",
  name: "Room",
  shifts: [
    { person: "wang", days: [1, 7], start: "20:00", end: "08:00" },
    { person: "li", days: [1], start: "08:00", end: "20:00" },
  ],
  substitutions: [
    {
      start: "2026-11-23T14:00:00Z",
      end: "2026-11-23T20:00:00Z",
      by: "zhao",
      person: "wang",
      reason: "",
    },
  ],
};

test("a day's shifts stand in order, with who stands in", () => {
  expect(turnsOf(roster, MONDAY, instant)).toEqual([
    { start: "08:00", end: "20:00", overnight: false, person: "li", by: null },
    { start: "20:00", end: "08:00", overnight: true, person: "wang", by: "zhao" },
  ]);
  expect(turnsOf(roster, MONDAY + 86_400_000, instant)).toEqual([]);
});

test("a week begins on Monday", () => {
  expect(monday(MONDAY + 3 * 86_400_000 + 5)).toBe(MONDAY);
  expect(monday(MONDAY)).toBe(MONDAY);
  expect(monday(MONDAY - 1)).toBe(MONDAY - 7 * 86_400_000);
});
