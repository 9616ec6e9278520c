import { expect, test } from "vitest";
import { pairs, written } from "./pairs";

test("options are read as they are written", () => {
  const options = { crc: "off", "profile.7": "a=b" };
  expect(pairs(written(options))).toEqual(options);
  expect(pairs(" x = 1 \n\n=3\ny")).toEqual({ x: "1", y: "" });
});
