/** When a reading is too old to stand for the present (the rule of the service). */

const LEAST_S = 15 * 60;
const INTERVALS = 2.5;

/** Age after which a reading of this report interval is old [s]. */
export function freshFor(reportIntervalS: number): number {
  return Math.max(LEAST_S, INTERVALS * reportIntervalS);
}

export function isStale(tsMs: number, nowMs: number, reportIntervalS: number): boolean {
  return nowMs - tsMs > freshFor(reportIntervalS) * 1000;
}
