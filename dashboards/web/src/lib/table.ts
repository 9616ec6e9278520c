/** Rows of a table: ordered, chosen by text, written as CSV. */

export type Cell = string | number | boolean | null;

export interface Column<Row> {
  key: string;
  label: string;
  /** What is sorted, searched and exported. */
  value: (row: Row) => Cell;
  number?: boolean;
  /** Left out on a phone. */
  minor?: boolean;
  /** Long text: wraps on a phone. */
  long?: boolean;
}

/** `sort` is a column's key, with `-` before it downwards; unknown keys leave the order. */
export function ordered<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  sort: string,
): Row[] {
  const down = sort.startsWith("-");
  const column = columns.find(({ key }) => key === (down ? sort.slice(1) : sort));
  if (column === undefined) return [...rows];
  const sign = down ? -1 : 1;
  return [...rows].sort((a, b) => sign * compare(column.value(a), column.value(b)));
}

const collator = new Intl.Collator(undefined, { numeric: true });

/** Nothing comes last upwards; numbers by size, text as people sort it. */
function compare(a: Cell, b: Cell): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  if (typeof a === "string" || typeof b === "string")
    return collator.compare(String(a), String(b));
  return Number(a) - Number(b);
}

/** Rows that contain every word of the text in some column. */
export function searched<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  text: string,
): Row[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...rows];
  return rows.filter((row) => {
    const all = columns
      .map((column) => String(column.value(row) ?? ""))
      .join(" ")
      .toLowerCase();
    return words.every((word) => all.includes(word));
  });
}

/** CSV (RFC 4180) with a byte order mark, so that spreadsheets read Chinese. */
export function csv<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const lines = [
    columns.map(({ key }) => quoted(key)),
    ...rows.map((row) => columns.map(({ value }) => quoted(value(row)))),
  ];
  return `\uFEFF${lines.map((line) => line.join(",")).join("\r\n")}\r\n`;
}

function quoted(cell: Cell): string {
  if (cell === null) return "";
  if (typeof cell !== "string") return String(cell);
  // A spreadsheet would run text that begins like a formula.
  const safe = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
