/** The park that is on screen: its registry, its live values, its alerts, its connection. */
import { SvelteMap } from "svelte/reactivity";
import * as endpoints from "../api/endpoints";
import { Stream } from "../api/stream";
import type {
  Alert,
  Flow,
  LiveValue,
  ParkDetail,
  Place,
  Severity,
  Snapshot,
} from "../api/types";
import { rank } from "../lib/band";
import { Clock } from "./clock.svelte";
import { LiveSeries } from "./live-series.svelte";

export type Connection = "connecting" | "live" | "lost";

const MINUTE_MS = 60_000;
const RETRY_MS = 5_000;
/** Messages a minute, a bar for each 10 s; unknown for the time before the page was open. */
export const FLOW_MINUTES = 10;
const FLOW_BARS = FLOW_MINUTES * 6;

export class Session {
  readonly code: string;
  readonly clock = new Clock();
  park = $state.raw<ParkDetail | null>(null);
  series = $state.raw<LiveSeries[]>([]);
  readonly alerts = new SvelteMap<string, Alert>();
  /** The newest alert that came in live and needs somebody; screen readers say it. */
  newest = $state.raw<Alert | null>(null);
  flow = $state.raw<Flow | null>(null);
  flowBars = $state.raw<(number | null)[]>(Array.from({ length: FLOW_BARS }, () => null));
  connection = $state<Connection>("connecting");
  paused = $state(false);
  error = $state.raw<unknown>(null);
  /** Raised when a figure of that data centre changed; panels load it again. */
  readonly kpiVersion = new SvelteMap<string, number>();
  /** Raised when a lost connection came back; charts load again. */
  epoch = $state(0);
  /** Worst alert that holds now, for each series that has one. */
  readonly troubles = $derived(troubled(this.alerts.values()));
  #byId = new Map<number, LiveSeries>();
  #places = new Map<string, Place>();
  #stream: Stream | null = null;
  #held: LiveValue[] = [];
  #lastBar = 0;
  #lastRefresh = 0;
  #closed = false;

  #retry: ReturnType<typeof setTimeout> | undefined;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(code: string) {
    this.code = code;
    void this.load();
    this.#timer = setInterval(() => {
      void this.#refreshPark();
    }, MINUTE_MS);
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    clearTimeout(this.#retry);
    this.#stream?.close();
    this.clock.stop();
  }

  /** Loads the registry; after a failure again and again, for the service may be starting. */
  async load(): Promise<void> {
    clearTimeout(this.#retry);
    try {
      const [park, series] = await Promise.all([
        endpoints.park(this.code),
        endpoints.series(this.code),
      ]);
      if (this.#closed) return;
      this.error = null;
      this.#take(park);
      this.#adopt(series.map((info) => this.#byId.get(info.id) ?? new LiveSeries(info)));
      this.#stream ??= this.#listen();
    } catch (error) {
      this.error = error;
      if (!this.#closed) this.#retry = setTimeout(() => void this.load(), RETRY_MS);
    }
  }

  /** Counts of devices, places and data centres do not come with the stream. */
  async #refreshPark(): Promise<void> {
    try {
      const park = await endpoints.park(this.code);
      if (!this.#closed) this.#take(park);
    } catch {
      // The connection's state says what is wrong.
    }
  }

  find(id: number): LiveSeries | undefined {
    return this.#byId.get(id);
  }

  place(code: string | null): Place | undefined {
    return code === null ? undefined : this.#places.get(code);
  }

  togglePause(): void {
    this.paused = !this.paused;
    if (this.paused) return;
    const held = this.#held;
    this.#held = [];
    this.#apply(held);
  }

  /** Puts in an alert as the service now has it; one that is over leaves the active ones. */
  takeAlert(alert: Alert): void {
    const known = this.alerts.get(alert.id);
    if (known !== undefined && known.version > alert.version) return;
    if (alert.state === "normal") this.alerts.delete(alert.id);
    else this.alerts.set(alert.id, alert);
  }

  #take(park: ParkDetail): void {
    this.park = park;
    this.#places = new Map(park.places.map((place) => [place.code, place]));
    this.clock.set(park.now, park.clock);
  }

  #adopt(series: LiveSeries[]): void {
    this.#byId = new Map(series.map((each) => [each.info.id, each]));
    this.series = series;
  }

  #listen(): Stream {
    return new Stream(endpoints.streamAddress(this.code), {
      heard: () => {
        if (this.connection === "lost") this.#caughtUp();
        this.connection = "live";
      },
      lost: () => {
        this.connection = "lost";
      },
      snapshot: (snapshot) => {
        this.#takeSnapshot(snapshot);
      },
      values: ({ now, values }) => {
        this.clock.set(now, this.park?.clock ?? "wall");
        if (this.paused) this.#held.push(...values);
        else this.#apply(values);
      },
      alert: (alert) => {
        const isNew = !this.alerts.has(alert.id) && alert.state === "unacknowledged";
        this.takeAlert(alert);
        if (isNew && !alert.retroactive) this.newest = alert;
      },
      kpi: ({ data_centre }) => {
        this.kpiVersion.set(data_centre, (this.kpiVersion.get(data_centre) ?? 0) + 1);
      },
      flow: (flow) => {
        this.#takeFlow(flow);
      },
    });
  }

  #caughtUp(): void {
    for (const each of this.series) each.forgetHistory();
    this.epoch += 1;
  }

  #takeSnapshot(snapshot: Snapshot): void {
    this.clock.set(snapshot.now, this.park?.clock ?? "wall");
    this.#apply(snapshot.latest);
    const still = new Set(snapshot.alerts.map((alert) => alert.id));
    for (const id of this.alerts.keys()) if (!still.has(id)) this.alerts.delete(id);
    for (const alert of snapshot.alerts) this.takeAlert(alert);
    this.#takeFlow(snapshot.flow);
  }

  #apply(values: LiveValue[]): void {
    let unknown = false;
    for (const [id, ts, value, quality] of values) {
      const series = this.#byId.get(id);
      if (series === undefined) unknown = true;
      else series.take({ ts, value, quality });
    }
    if (unknown) this.#refreshSoon();
  }

  /** A series that is not known yet: a device was discovered. Look at most once a minute. */
  #refreshSoon(): void {
    const now = Date.now();
    if (now - this.#lastRefresh < MINUTE_MS) return;
    this.#lastRefresh = now;
    void this.load();
  }

  #takeFlow(flow: Flow): void {
    this.flow = flow;
    const bar = Math.floor(performance.now() / 10_000);
    const bars = bar === this.#lastBar ? this.flowBars.slice(0, -1) : this.flowBars;
    this.#lastBar = bar;
    this.flowBars = [...bars, flow.messages_last_minute].slice(-FLOW_BARS);
  }
}

function troubled(alerts: Iterable<Alert>): Map<number, Severity> {
  const worst = new Map<number, Severity>();
  for (const { series, severity, cleared_at } of alerts) {
    if (series === null || cleared_at !== null) continue;
    const known = worst.get(series);
    if (known === undefined || rank(severity) > rank(known)) worst.set(series, severity);
  }
  return worst;
}
