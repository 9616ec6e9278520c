/** The park that is on screen: its registry, its live values, its alerts, its connection. */
import { SvelteMap } from "svelte/reactivity";
import * as endpoints from "../api/endpoints";
import { Stream } from "../api/stream";
import type {
  Alert,
  Flow,
  LiveValue,
  Page,
  ParkDetail,
  Place,
  Series,
  Severity,
  Snapshot,
} from "../api/types";
import { rank } from "../lib/band";
import { natural } from "../lib/natural";
import { Clock } from "./clock.svelte";
import { LiveSeries } from "./live-series.svelte";

export type Connection = "connecting" | "live" | "lost";

const MINUTE_MS = 60_000;
const RETRY_MS = 5_000;
const PATIENT_MS = 800;
const MOST_SERIES = 20_000;
/** Messages a minute, a bar for each 10 s; unknown for the time before the page was open. */
export const FLOW_MINUTES = 10;
const FLOW_BARS = FLOW_MINUTES * 6;

export class Session {
  readonly code: string;
  readonly clock = new Clock();
  park = $state.raw<ParkDetail | null>(null);
  /** In the order in which people count; empty until `ready`. */
  series = $state.raw<LiveSeries[]>([]);
  /** Whether the first series are known, and whether all are. */
  ready = $state(false);
  whole = $state(false);
  /** Whether the active alerts are known. */
  told = $state(false);
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
  /** Values of series that are not known yet. */
  readonly #early = new Map<number, LiveValue>();
  #lastBar = 0;
  #lastRefresh = 0;
  #closed = false;
  /** Observed time of the newest reading of all, epoch ms; 0 without any. */
  newestTs = $state(0);

  #retry: ReturnType<typeof setTimeout> | undefined;
  readonly #timer: ReturnType<typeof setInterval>;

  /** `patient`: the series, which may be thousands, only after what is on screen has come. */
  constructor(code: string, patient = false) {
    this.code = code;
    void this.load(patient);
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
  async load(patient = false): Promise<void> {
    clearTimeout(this.#retry);
    try {
      const park = await endpoints.park(this.code);
      if (this.#closed) return;
      this.error = null;
      this.#take(park);
      this.#stream ??= this.#listen();
      if (patient) await new Promise((resolve) => setTimeout(resolve, PATIENT_MS));
      await this.#loadSeries();
    } catch (error) {
      this.error = error;
      if (!this.#closed) this.#retry = setTimeout(() => void this.load(), RETRY_MS);
    }
  }

  /** Page by page, so that a large park shows something before it is all there. */
  async #loadSeries(): Promise<void> {
    const found: LiveSeries[] = [];
    let cursor: string | null = null;
    do {
      const page: Page<Series> = await endpoints.seriesPage(this.code, cursor);
      if (this.#closed) return;
      found.push(...page.items.map((info) => this.#byId.get(info.id) ?? new LiveSeries(info)));
      cursor = page.next;
      if (!this.whole || cursor === null) this.#adopt(found);
    } while (cursor !== null && found.length < MOST_SERIES);
    this.whole = true;
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
    const order = [...series].sort((a, b) => natural(a.info.device, b.info.device));
    this.#byId = new Map(order.map((each) => [each.info.id, each]));
    this.series = order;
    this.ready = true;
    this.newestTs = order.reduce((best, each) => Math.max(best, each.sample?.ts ?? 0), 0);
    const early = [...this.#early.values()];
    this.#early.clear();
    this.#apply(early);
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
    this.told = true;
  }

  #apply(values: LiveValue[]): void {
    let unknown = false;
    let newest = this.newestTs;
    for (const live of values) {
      const [id, ts, value, quality] = live;
      if (ts > newest) newest = ts;
      const series = this.#byId.get(id);
      if (series === undefined && !this.whole) this.#early.set(id, live);
      else if (series === undefined) unknown = true;
      else series.take({ ts, value, quality });
    }
    this.newestTs = newest;
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
