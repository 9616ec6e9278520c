import { describe, expect, it } from "vitest";
import { csv, ordered, searched, type Column } from "./table";

interface Row {
  name: string;
  n: number | null;
}

const COLUMNS: Column<Row>[] = [
  { key: "name", label: "Name", value: (row) => row.name },
  { key: "n", label: "N", value: (row) => row.n },
];
const ROWS: Row[] = [
  { name: "gauge 10", n: 3 },
  { name: "gauge 9", n: null },
  { name: "=1+1", n: 1 },
];

describe("tables", () => {
  it("orders text as people do, numbers by size, nothing last", () => {
    expect(ordered(ROWS, COLUMNS, "name").map((row) => row.name)).toEqual([
      "=1+1",
      "gauge 9",
      "gauge 10",
    ]);
    expect(ordered(ROWS, COLUMNS, "n").map((row) => row.n)).toEqual([1, 3, null]);
    expect(ordered(ROWS, COLUMNS, "-name")[0]?.name).toBe("gauge 10");
    expect(ordered(ROWS, COLUMNS, "nonsense")).toEqual(ROWS);
  });

  it("finds rows with every word", () => {
    expect(searched(ROWS, COLUMNS, "GAUGE 9")).toEqual([ROWS[1]]);
    expect(searched(ROWS, COLUMNS, "  ")).toEqual(ROWS);
  });

  it("writes CSV that no spreadsheet runs", () => {
    const text = csv([{ name: '=1,"a"', n: null }, ...ROWS.slice(0, 1)], COLUMNS);
    expect(text).toBe('\uFEFFname,n\r\n"\'=1,""a""",\r\ngauge 10,3\r\n');
  });
});
