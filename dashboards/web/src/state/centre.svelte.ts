/** Figures of one data centre, loaded again when the service says that they changed. */
import * as endpoints from "../api/endpoints";
import type { Kpi, TrendName, Revision } from "../api/types";
import { leadingCategory } from "../lib/kpi";
import { Loaded } from "./load.svelte";

type Outcome<T> = Pick<Loaded<T>, "value" | "error">;

const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;
const REACH_MS: Record<TrendPeriod, number> = { month: 400 * DAY_MS, day: 32 * DAY_MS };

export type TrendPeriod = "month" | "day";

export class Centre {
  readonly park: string;
  readonly code: string;
  readonly summary = new Loaded<Kpi[]>();
  readonly revisions = new Loaded<Revision[]>();
  /** Daily PUE of a year. */
  readonly days = new Loaded<Kpi[]>();
  readonly #trends: Record<TrendName, Record<TrendPeriod, Loaded<Kpi[]>>> = {
    pue: { month: new Loaded(), day: new Loaded() },
    ref: { month: new Loaded(), day: new Loaded() },
    ref_hourly: { month: new Loaded(), day: new Loaded() },
  };

  constructor(park: string, code: string) {
    this.park = park;
    this.code = code;
  }

  loadSummary(): void {
    void this.summary.run(() => endpoints.kpiSummary(this.park, this.code));
  }

  /** What waits for the summary has failed when that has. */
  behind<T>(of: Outcome<T>): Outcome<T> {
    const isWaiting = of.value === null && of.error === null && this.summary.value === null;
    return isWaiting ? { value: null, error: this.summary.error } : of;
  }

  /** Asks again: for the summary, upon which the rest is loaded, or for this alone. */
  again(job: () => void): void {
    if (this.summary.value === null) this.loadSummary();
    else job();
  }

  loadRevisions(): void {
    void this.revisions.run(() => endpoints.revisions(this.park, this.code));
  }

  trend(kpi: TrendName, period: TrendPeriod): Loaded<Kpi[]> {
    return this.#trends[kpi][period];
  }

  /** Loads the periods of that length up to now; needs the summary for the category. */
  loadTrend(kpi: TrendName, period: TrendPeriod, now: number): void {
    const category = leadingCategory(this.summary.value ?? [], kpi);
    const start = new Date(now - REACH_MS[period]);
    const query = { kpi, category, period, start, end: new Date(now + DAY_MS) };
    void this.trend(kpi, period).run(async () => {
      const items = await endpoints.kpis(this.park, this.code, query);
      return items.sort((a, b) => Date.parse(a.start) - Date.parse(b.start));
    });
  }

  loadDays(now: number): void {
    const category = leadingCategory(this.summary.value ?? [], "pue");
    const span = { start: new Date(now - YEAR_MS), end: new Date(now + DAY_MS) };
    void this.days.run(() =>
      endpoints.kpis(this.park, this.code, { kpi: "pue", category, period: "day", ...span }),
    );
  }

  /** All figures that are on screen. */
  known(): Kpi[] {
    const trends = Object.values(this.#trends)
      .flatMap(({ month, day }) => [month, day])
      .flatMap((trend) => trend.value ?? []);
    return [...(this.summary.value ?? []), ...trends, ...(this.days.value ?? [])];
  }
}
