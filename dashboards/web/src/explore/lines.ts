/** Several series on shared charts: units to axes, columns to one table; no DOM here. */
import uPlot from "uplot";
import type { Limit } from "../api/types";
import type { Columns } from "../chart/plot";

export interface Line {
  id: number;
  name: string;
  unit: string;
  metric: string;
  columns: Columns;
  colour: string;
  dash: number[];
  /** Drawn as steps: states, and sums over a stretch. */
  stepped: boolean;
  limits: readonly Limit[];
  /** Doubtful readings: epoch ms and QARTOD flag. */
  flags: readonly (readonly [number, number])[];
}

/** A stretch in which an alert held. */
export interface AlertBand {
  id: string;
  start: number;
  end: number;
  severity: Limit["severity"];
  name: string;
}

const LIGHT = ["#1f5fb4", "#b35900", "#00735a", "#a82a7a", "#7a5230", "#00708f", "#6446bd"];
const DARK = ["#7fb2ff", "#ffa94d", "#4fd1a5", "#f28ac4", "#d2a679", "#5ad1ea", "#b8a1ff"];
const DASHES = [[], [7, 4], [2, 3]];

/** Colour and dash of the nth line: no two are alike, also without colour vision. */
export function look(n: number, dark: boolean): { colour: string; dash: number[] } {
  const colours = dark ? DARK : LIGHT;
  return {
    colour: colours[n % colours.length] ?? "",
    dash: DASHES[n % DASHES.length] ?? [],
  };
}

/** Lines by chart: two units each, one for either axis, in order of appearance. */
export function charts(lines: readonly Line[]): Line[][] {
  const units = [...new Set(lines.map((line) => line.unit))];
  return Array.from({ length: Math.ceil(units.length / 2) }, (_, n) => {
    const shown = units.slice(2 * n, 2 * n + 2);
    return lines.filter((line) => shown.includes(line.unit));
  });
}

const BANDED = 4;

/** Whether minima and maxima are drawn: more bands than a few hide each other. */
export function banded(lines: readonly Line[], line: Line): boolean {
  return lines.length <= BANDED && line.columns.low !== null && line.columns.high !== null;
}

/** Rows in uPlot's order: time, then for each line high and low if banded, then value. */
export function table(lines: readonly Line[]): uPlot.AlignedData {
  if (lines.length === 0) return [[]];
  return uPlot.join(
    lines.map((line) => {
      const { x, value, low, high } = line.columns;
      return banded(lines, line) ? [x, high ?? [], low ?? [], value] : [x, value];
    }),
  );
}

/** Values of a line that an axis must show. */
export function reached(lines: readonly Line[]): number[] {
  const found: number[] = [];
  for (const { columns } of lines)
    for (const list of [columns.value, columns.low ?? [], columns.high ?? []])
      for (const each of list) if (each !== null) found.push(each);
  return found;
}

/** The value of a line at a time: its last one up to then; null in a gap. */
export function valueAt({ columns }: Line, at: number): number | null {
  let low = 0;
  let high = columns.x.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((columns.x[middle] ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? null : (columns.value[low - 1] ?? null);
}
