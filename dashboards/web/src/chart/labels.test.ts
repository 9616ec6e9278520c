import { expect, test } from "vitest";
import { apart } from "./labels";

test("labels that are far enough apart stand at their lines", () => {
  expect(apart([100, 50, 20], 15)).toEqual([100, 50, 20]);
});

test("labels that would lie on each other are pushed up, the lowest stays", () => {
  expect(apart([90, 100, 96], 15)).toEqual([70, 100, 85]);
});
