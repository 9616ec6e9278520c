/** One series as the page knows it: what it is, its newest reading, its last hours. */
import * as endpoints from "../api/endpoints";
import type { Series, Summary } from "../api/types";
import { isStale } from "../lib/freshness";
import { append, EMPTY, type Points } from "../lib/history";
import { Queue } from "../lib/queue";

export interface Sample {
  /** Epoch milliseconds. */
  ts: number;
  value: number;
  quality: number;
}

export interface RainTotals {
  /** Rain of the last hour and the last 24 hours [mm]; null if unknown. */
  hour: number | null;
  day: number | null;
}

interface Past {
  state: "none" | "loading" | "ready" | "failed";
  history: Points;
  gapMs: number;
}

const UNKNOWN: Past = { state: "none", history: EMPTY, gapMs: 0 };
const HOUR_MS = 3_600_000;
const POINTS = 96;
/** Sparklines are drawn anew from the service after this long, to take in late data. */
const REFRESH_MS = 10 * 60_000;
const RAIN_MS = 60_000;
/** After a failure it is tried again so much later. */
const RETRY_MS = 15_000;

// The browser opens six connections to a host; one is the stream's.
const requests = new Queue(4);

export class LiveSeries {
  readonly info: Series;
  readonly spanMs: number;
  sample = $state.raw<Sample | null>(null);
  // One for all: a park has thousands of series, and few of them are on screen.
  #past = $state.raw<Past>(UNKNOWN);
  rain = $state.raw<RainTotals | null>(null);
  #loadedAt = 0;
  #rainAt = 0;

  constructor(info: Series) {
    this.info = info;
    this.spanMs = (info.group === "rain" ? 24 : 6) * HOUR_MS;
    if (info.latest !== null)
      this.take({
        ts: Date.parse(info.latest.ts),
        value: info.latest.value,
        quality: info.latest.quality,
      });
  }

  get history(): Points {
    return this.#past.history;
  }

  /** Points of the history further apart than this have a gap between them. */
  get gapMs(): number {
    return this.#past.gapMs;
  }

  get historyState(): Past["state"] {
    return this.#past.state;
  }

  /** Takes a reading unless a newer one is known. */
  take(sample: Sample): void {
    if (this.sample !== null && sample.ts < this.sample.ts) return;
    this.sample = sample;
    const past = this.#past;
    if (past.state !== "ready") return;
    const { ts, value } = sample;
    const history = append(past.history, ts, value, this.spanMs, this.spanMs / POINTS);
    this.#past = { ...past, history };
  }

  isStale(now: number): boolean {
    return this.sample === null || isStale(this.sample.ts, now, this.info.report_interval_s);
  }

  /** Loads the last hours if they are not known or were loaded long ago. */
  wantHistory(now: number): void {
    if (this.historyState === "loading" || now - this.#loadedAt < REFRESH_MS) return;
    this.#loadedAt = now;
    if (this.historyState === "none") this.#past = { ...this.#past, state: "loading" };
    requests.add(() => this.#load(now));
  }

  forgetHistory(): void {
    this.#loadedAt = 0;
    this.#rainAt = 0;
  }

  /** Loads the rain of the last hour and day, at most once a minute. */
  wantRain(now: number): void {
    if (now - this.#rainAt < RAIN_MS) return;
    this.#rainAt = now;
    requests.add(() => this.#loadRain(now));
  }

  async #load(now: number): Promise<void> {
    const span = { start: new Date(now - this.spanMs), end: new Date(now + 1) };
    try {
      // Sums need all readings, not a picture of their line.
      const points = this.info.kind === "gauge" || this.info.kind === "state" ? POINTS : 1000;
      const range = await endpoints.range(this.info.id, span, points);
      const history = { ts: range.ts, value: range.value };
      this.#past = { state: "ready", history, gapMs: range.gap_s * 1000 };
    } catch {
      this.#past = { ...this.#past, state: "failed" };
      this.#loadedAt = now - REFRESH_MS + RETRY_MS;
    }
  }

  async #loadRain(now: number): Promise<void> {
    const total = async (hours: number): Promise<number | null> => {
      const span = { start: new Date(now - hours * HOUR_MS), end: new Date(now) };
      const summary: Summary = await endpoints.summary(this.info.id, span, []);
      return summary.n === 0 ? null : summary.sum;
    };
    try {
      this.rain = { hour: await total(1), day: await total(24) };
    } catch {
      this.#rainAt = now - RAIN_MS + RETRY_MS;
    }
  }
}
