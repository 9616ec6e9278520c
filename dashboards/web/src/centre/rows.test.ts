import { expect, test } from "vitest";
import { rows } from "./rows";

const HEAD =
  "serial,kind,volume_kwh,generated_from,generated_to,used_from,used_to,source,retired_on";

test("rows are read with quotes, marks and columns in any order", () => {
  const text = `\uFEFF${HEAD},park\r\nG-1,certificate,1000,2026-01-01,2026-02-01,2026-01-01,2027-01-01,"registry, ""north""",2026-03-01,demo\r\n`;
  expect(rows(text)).toEqual({
    items: [
      {
        serial: "G-1",
        kind: "certificate",
        volume_kwh: 1000,
        generated_from: "2026-01-01",
        generated_to: "2026-02-01",
        used_from: "2026-01-01",
        used_to: "2027-01-01",
        source: 'registry, "north"',
        retired_on: "2026-03-01",
        valid_to: null,
      },
    ],
  });
});

test("what is missing is named by line and column", () => {
  expect(rows("")).toEqual({ line: 0, column: "serial" });
  expect(rows("serial,kind\nG,certificate")).toEqual({ line: 0, column: "volume_kwh" });
  expect(rows(HEAD)).toEqual({ line: 0, column: "" });
  expect(rows(`${HEAD}\nG-1,certificate,1000,2026-01-01,,2026-01-01,2027-01-01,r,`)).toEqual({
    line: 2,
    column: "generated_to",
  });
});
