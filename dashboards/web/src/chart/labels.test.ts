import { expect, test } from "vitest";
import { apart, covered, placed } from "./labels";

test("labels that are far enough apart stand at their lines", () => {
  expect(apart([100, 50, 20], 15)).toEqual([100, 50, 20]);
});

test("labels that would lie on each other are pushed up, the lowest stays", () => {
  expect(apart([90, 100, 96], 15)).toEqual([70, 100, 85]);
});

const FRAME = { left: 0, top: 0, width: 300, height: 100 };

test("labels stand at the right, where nothing is there", () => {
  const [box] = placed([50], [80], 13, FRAME, [[10, 45]]);
  expect(box).toEqual({ left: 220, top: 37, width: 80, height: 13 });
});

test("labels leave the end of the line to be seen, then its beginning", () => {
  const end = [290, 45] as const;
  expect(placed([50], [80], 13, FRAME, [end])[0]?.left).toBe(0);
  expect(placed([50], [80], 13, FRAME, [[10, 45], end])[0]?.left).toBe(110);
});

test("where every place hides something, the one that hides least is taken", () => {
  const points = [
    [10, 45],
    [150, 45],
    [160, 45],
    [280, 45],
    [290, 45],
  ] as const;
  const boxes = placed([50], [80], 13, FRAME, points);
  expect(boxes[0]?.left).toBe(0);
  expect(covered(boxes, points)).toBe(1);
});
