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
/** Live values of a large park would keep a phone from showing its alert. */
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

  /** Whose device's values alone are asked for; null for those of all. */
  #alert: string | null;

  #retry: ReturnType<typeof setTimeout> | undefined;
  readonly #timer: ReturnType<typeof setInterval>;

  /** `alert`: for one alert, whose page asks for what it needs; series, which may be thousands, come with `widen`. */
  constructor(code: string, alert: string | null = null) {
    this.code = code;
    this.#alert = alert;
    void this.load();
    this.#timer = setInterval(() => {
      void this.#refreshPark();
    }, MINUTE_MS);
  }

  /** Shows another alert, if no more than one is shown. */
  turn(alert: string): void {
    if (this.#alert === null || this.#alert === alert) return;
    this.#alert = alert;
    this.#hangUp();
    void this.load();
  }

  /** Asks for all series, for more is shown than one alert. */
  widen(): void {
    if (this.#alert === null) return;
    this.#alert = null;
    this.#hangUp();
    void this.load();
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    clearTimeout(this.#retry);
    this.#hangUp();
    this.clock.stop();
  }

  /** Loads the registry; after a failure again and again, for the service may be starting. */
  async load(): Promise<void> {
    clearTimeout(this.#retry);
    const isWide = this.#alert === null;
    if (isWide) this.#connect();
    try {
      await Promise.all([this.#loadPark(), ...(isWide ? [this.#loadSeries()] : [])]);
      this.error = null;
      if (!isWide)
        this.#retry = setTimeout(() => {
          this.#connect();
        }, PATIENT_MS);
    } catch (error) {
      this.error = error;
      if (this.park === null) this.#hangUp();
      if (!this.#closed) this.#retry = setTimeout(() => void this.load(), RETRY_MS);
    }
  }

  #connect(): void {
    if (!this.#closed) this.#stream ??= this.#listen();
  }

  #hangUp(): void {
    this.#stream?.close();
    this.#stream = null;
  }

  async #loadPark(): Promise<void> {
    const park = await endpoints.park(this.code);
    if (!this.#closed) this.#take(park);
  }

  /** Page by page, so that a large park shows something before it is all there. */
  async #loadSeries(): Promise<void> {
    const found: LiveSeries[] = [];
    let cursor: string | null = null;
    do {
      const page: Page<Series> = await endpoints.seriesPage(this.code, cursor);
      if (this.#closed) return;
      found.push(...this.know(page.items));
      cursor = page.next;
      if (!this.ready || cursor === null) this.#adopt(found);
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

  /** Series that follow the stream from now on; those that are known are the same as before. */
  know(infos: readonly Series[]): LiveSeries[] {
    return infos.map((info) => {
      const series = this.#byId.get(info.id) ?? new LiveSeries(info);
      this.#byId.set(info.id, series);
      return series;
    });
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
    const devices = [...new Set(series.map((each) => each.info.device))].sort(natural);
    const place = new Map(devices.map((device, i) => [device, i]));
    const at = (each: LiveSeries) => place.get(each.info.device) ?? 0;
    const order = [...series].sort((a, b) => at(a) - at(b));
    this.#byId = new Map(order.map((each) => [each.info.id, each]));
    this.series = order;
    this.ready = true;
    this.newestTs = order.reduce((best, each) => Math.max(best, each.sample?.ts ?? 0), 0);
    const early = [...this.#early.values()];
    this.#early.clear();
    this.#apply(early);
  }

  #listen(): Stream {
    return new Stream(endpoints.streamAddress(this.code, this.#alert), {
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
