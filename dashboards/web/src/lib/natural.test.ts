import { expect, it } from "vitest";
import { natural } from "./natural";

it("counts as people do", () => {
  expect(["gauge-10", "gauge-2", "gauge-1"].sort(natural)).toEqual([
    "gauge-1",
    "gauge-2",
    "gauge-10",
  ]);
});
