import { expect, test } from "vitest";
import { widened } from "./units";

test.each([
  ["a wide scale stays", [0, 5], "m", [0, 5]],
  ["a narrow one is widened about its middle", [3, 3.2], "V", [2.85, 3.35]],
  ["a share does not leave 0 to 100", [99, 100], "%", [90, 100]],
  ["at either end", [0, 1], "%", [0, 10]],
  ["unless it was beyond", [100, 104], "%", [97, 107]],
  ["an unknown unit says nothing", [5, 5], "furlong", [5, 5]],
] as const)("%s", (_, given, unit, expected) => {
  const found = widened([...given], unit);
  expect(found[0]).toBeCloseTo(expected[0]);
  expect(found[1]).toBeCloseTo(expected[1]);
});
