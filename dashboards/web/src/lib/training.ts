/** Figures of scenarios, pure. */
import type { Scenario } from "../api/types";

/** How many times as fast as real time a scenario may go. */
export const SPEEDS = [1, 10, 60, 600, 3600] as const;

/** Speed at which a scenario takes at most about a quarter of an hour. */
export function usualSpeed(durationH: number): number {
  const enough = SPEEDS.find((speed) => durationH / speed <= 0.25);
  return enough ?? SPEEDS[SPEEDS.length - 1] ?? 1;
}

/** Share of the scenario that is over, by the park's clock (ISO text). */
export function progress(scenario: Scenario, now: string | null): number {
  if (now === null) return 0;
  const passed = (Date.parse(now) - Date.parse(scenario.start)) / 3_600_000;
  return Math.min(1, Math.max(0, passed / scenario.duration_h));
}
