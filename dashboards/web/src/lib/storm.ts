/** Rain against the colours of rainstorm warnings, levels against their stages. */
import type { GaugeLevel, GaugeRain, Stage, WindowSum } from "../api/operator-types";
import type { Severity } from "../api/types";
import { rank } from "./band";
import { natural } from "./natural";

export interface Threshold {
  mm: number;
  severity: Severity;
}

export interface RainWindow {
  hours: number;
  /** Upper end of the bar [mm]. */
  scale: number;
  /** Of the rainstorm warnings (CMA): blue, yellow, orange, red. */
  thresholds: readonly Threshold[];
}

export const WINDOWS: readonly RainWindow[] = [
  { hours: 1, scale: 60, thresholds: [] },
  {
    hours: 3,
    scale: 120,
    thresholds: [
      { mm: 50, severity: "high" },
      { mm: 100, severity: "critical" },
    ],
  },
  { hours: 6, scale: 75, thresholds: [{ mm: 50, severity: "medium" }] },
  { hours: 12, scale: 75, thresholds: [{ mm: 50, severity: "low" }] },
  { hours: 24, scale: 120, thresholds: [] },
];

const MINUTES = 60;

export function sumOf(gauge: GaugeRain, hours: number): WindowSum | null {
  return gauge.sums.find((each) => each.window_min === hours * MINUTES) ?? null;
}

/** The threshold that is reached; reaching it is enough, the highest counts. */
export function reached(window: RainWindow, mm: number | null): Severity | null {
  return window.thresholds.findLast((each) => mm !== null && mm >= each.mm)?.severity ?? null;
}

/** Highest sum of all gauges in a window, and whose it is. */
export function highest(
  gauges: readonly GaugeRain[],
  hours: number,
): { gauge: GaugeRain; sum: WindowSum } | null {
  let best: { gauge: GaugeRain; sum: WindowSum } | null = null;
  for (const gauge of gauges) {
    const sum = sumOf(gauge, hours);
    if (sum?.mm == null) continue;
    if (best === null || sum.mm > (best.sum.mm ?? 0)) best = { gauge, sum };
  }
  return best;
}

/** Worst threshold that any gauge reaches in any window. */
export function worstRain(gauges: readonly GaugeRain[]): Severity | null {
  return worst(
    WINDOWS.map((window) => reached(window, highest(gauges, window.hours)?.sum.mm ?? null)),
  );
}

export function worst(severities: readonly (Severity | null)[]): Severity | null {
  return severities.reduce(
    (a, b) => (b !== null && (a === null || rank(b) > rank(a)) ? b : a),
    null,
  );
}

/** The lowest stage that is not reached yet. */
export function nextStage(level: GaugeLevel): Stage | null {
  return level.stages.find((stage) => !stage.reached) ?? null;
}

/** Times beyond this are no forecast [h]. */
export const FORESEEN_H = 24;

/** Sumps are pumped out again and again; what lies in the open tells of a storm. */
const isOpen = (level: GaugeLevel) => !level.metric.startsWith("sump");

/** The stage that will be reached first, of all gauges in the open whose level rises. */
export function soonest(
  levels: readonly GaugeLevel[],
): { level: GaugeLevel; stage: Stage; hours: number } | null {
  let first: { level: GaugeLevel; stage: Stage; hours: number } | null = null;
  for (const level of levels) {
    const stage = nextStage(level);
    if (stage?.hours == null || stage.hours > FORESEEN_H) continue;
    if (level.stale || !isOpen(level)) continue;
    if (first === null || stage.hours < first.hours)
      first = { level, stage, hours: stage.hours };
  }
  return first;
}

/** Gauges in trouble first, then those in the open, then those that will be soonest. */
export function byUrgency(levels: readonly GaugeLevel[]): GaugeLevel[] {
  const weight = (level: GaugeLevel) =>
    level.stage === null ? -1 : rank(level.stage.severity);
  const hours = (level: GaugeLevel) => nextStage(level)?.hours ?? Infinity;
  return [...levels].sort(
    (a, b) =>
      weight(b) - weight(a) ||
      Number(isOpen(b)) - Number(isOpen(a)) ||
      compare(hours(a), hours(b)) ||
      natural(a.device, b.device),
  );
}

function compare(a: number, b: number): number {
  return a === b ? 0 : a - b;
}
