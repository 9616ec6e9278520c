import { expect, test } from "vitest";
import { frame, placed } from "./outline";

test("outlines lie within the frame, north above south", () => {
  const south = [117.0, 36.0, 117.1, 36.1];
  const north = [117.3, 36.5, 117.4, 36.6];
  const around = frame([south, north]);
  if (around === null) throw new Error("no frame");
  const [a, b] = [placed(south, around), placed(north, around)];
  expect(b.y).toBeLessThan(a.y);
  expect(a.x).toBeLessThan(b.x);
  for (const box of [a, b]) {
    expect(box.x).toBeGreaterThan(0);
    expect(box.y + box.height).toBeLessThan(1);
  }
  expect(around.ratio).toBeCloseTo((0.4 / 0.6) * Math.cos((36.3 * Math.PI) / 180), 3);
  expect(frame([])).toBeNull();
});
