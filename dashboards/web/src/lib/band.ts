/** Where a value lies: the scale, the normal part and the named limits of a series. */
import type { Limit, Severity } from "../api/types";
import { widened } from "./units";

export interface Tick {
  /** 0 to 1 along the band. */
  at: number;
  limit: Limit;
}

export interface Band {
  low: number;
  high: number;
  /** Part between the lowest limits on either side, 0 to 1; null if no limit is known. */
  normal: [number, number] | null;
  ticks: Tick[];
  /** Where the recent values lie, 0 to 1. */
  recent: [number, number] | null;
}

/** Units whose scale has ends of its own. */
const WHOLE: Record<string, [number, number]> = { "%": [0, 100], "%RH": [0, 100] };
/** Quantities that cannot be negative start at zero once limits give the scale. */
const FROM_ZERO = new Set(["mm", "mg/m3", "%vol"]);

/**
 * Scale of a series from its limits and what it did lately.
 *
 * `seen` are recent values; with limits on one side only, the other end of the scale
 * comes from them.
 */
export function bandOf(limits: Limit[], seen: number[], unit: string): Band {
  const [low, high] = WHOLE[unit] ?? ends(limits, seen, unit);
  const position = (value: number) => clamp((value - low) / (high - low));
  const ticks = limits.map((limit) => ({ at: position(limit.limit), limit }));
  const recent: Band["recent"] =
    seen.length === 0 ? null : [position(Math.min(...seen)), position(Math.max(...seen))];
  return { low, high, normal: normalPart(limits, position), ticks, recent };
}

export function positionIn(band: Band, value: number): number {
  return clamp((value - band.low) / (band.high - band.low));
}

function ends(limits: Limit[], seen: number[], unit: string): [number, number] {
  const marks = limits.map((limit) => limit.limit);
  const all = [...marks, ...seen];
  if (all.length === 0) return [0, 1];
  let low = Math.min(...all);
  let high = Math.max(...all);
  const toppedOnly = limits.length > 0 && limits.every((each) => each.direction === "above");
  if (FROM_ZERO.has(unit) && low >= 0 && toppedOnly) low = 0;
  if (limits.length === 0) [low, high] = widened([low, high], unit);
  const pad = (high - low) * 0.12 || Math.abs(high) * 0.05 || 1;
  high += pad;
  if (low !== 0) low -= pad;
  return [low, high];
}

function normalPart(limits: Limit[], position: (value: number) => number): Band["normal"] {
  if (limits.length === 0) return null;
  const sides = { above: 1, below: 0 };
  for (const { direction, limit } of limits) {
    const at = position(limit);
    if (direction === "above") sides.above = Math.min(sides.above, at);
    else sides.below = Math.max(sides.below, at);
  }
  return [sides.below, sides.above];
}

function clamp(share: number): number {
  return Number.isFinite(share) ? Math.min(1, Math.max(0, share)) : 0.5;
}

export const SEVERITIES: readonly Severity[] = ["critical", "high", "medium", "low"];

/** 3 for critical down to 0 for low; compares severities. */
export function rank(severity: Severity): number {
  return SEVERITIES.length - 1 - SEVERITIES.indexOf(severity);
}
