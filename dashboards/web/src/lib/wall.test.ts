import { describe, expect, it } from "vitest";
import { Format } from "./format";
import { fromWall, toWall } from "./wall";

describe("times on the wall", () => {
  it("go there and back in the park's zone", () => {
    const format = new Format("zh", "Asia/Shanghai");
    const at = Date.parse("2026-11-23T00:30:00Z");
    expect(toWall(at, format)).toBe("2026-11-23T08:30");
    expect(fromWall("2026-11-23T08:30", format)).toBe(at);
  });

  it("follow a change of the clock", () => {
    const format = new Format("en", "Europe/Berlin");
    expect(fromWall("2026-07-01T12:00", format)).toBe(Date.parse("2026-07-01T10:00:00Z"));
    expect(fromWall("2026-12-01T12:00", format)).toBe(Date.parse("2026-12-01T11:00:00Z"));
  });

  it("are null when there is none", () => {
    expect(fromWall("", new Format("en", "UTC"))).toBeNull();
  });
});
