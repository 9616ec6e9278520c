/** CSV of certificates as the service's ledger has it: read into rows to be sent. */
import type { NewCertificate } from "../reports/api";

const REQUIRED = [
  "serial",
  "kind",
  "volume_kwh",
  "generated_from",
  "generated_to",
  "used_from",
  "used_to",
  "source",
] as const;
const OPTIONAL = ["retired_on", "valid_to"] as const;

export type Rows =
  | { items: NewCertificate[] }
  /** What is wrong: the file as a whole (line 0), or a cell that is missing. */
  | { line: number; column: string };

/** Reads a file with a head; columns that the ledger does not have are left out. */
export function rows(text: string): Rows {
  const [head = [], ...lines] = parse(text.replace(/^\uFEFF/, "")).filter((line) =>
    line.some((cell) => cell !== ""),
  );
  const at = new Map(head.map((name, index) => [name.trim(), index]));
  const missing = REQUIRED.find((name) => !at.has(name));
  if (missing !== undefined || lines.length === 0) return { line: 0, column: missing ?? "" };
  const items: NewCertificate[] = [];
  for (const [index, line] of lines.entries()) {
    const cell = (name: string) => (line[at.get(name) ?? -1] ?? "").trim();
    const empty = REQUIRED.find((name) => cell(name) === "");
    if (empty !== undefined) return { line: index + 2, column: empty };
    items.push({
      ...Object.fromEntries(REQUIRED.map((name) => [name, cell(name)])),
      volume_kwh: Number(cell("volume_kwh")),
      ...Object.fromEntries(OPTIONAL.map((name) => [name, cell(name) || null])),
    });
  }
  return { items };
}

/** RFC 4180, with any line ends. */
function parse(text: string): string[][] {
  const lines: string[][] = [[]];
  const cells = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|\n|\r|$)/gy;
  while (cells.lastIndex < text.length) {
    const found = cells.exec(text);
    if (found === null) break;
    const [, quoted, plain = "", end] = found;
    lines.at(-1)?.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end !== ",") lines.push([]);
  }
  return lines;
}
