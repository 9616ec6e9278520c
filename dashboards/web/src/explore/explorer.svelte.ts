/** What the explorer shows: the series chosen, the span, and what was loaded for them. */
import type { Alert } from "../api/types";
import { appended, barColumns, barWidth, columns, type Columns } from "../chart/plot";
import { spanOf, type Span } from "../chart/range";
import { i18n } from "../i18n/i18n.svelte";
import { prefs } from "../state/prefs.svelte";
import { Loaded } from "../state/load.svelte";
import type { LiveSeries } from "../state/live-series.svelte";
import { router } from "../state/route.svelte";
import type { Session } from "../state/session.svelte";
import { idsOf, lately, rangeNamed, toggled, type RangeName } from "./choice";
import { alerts, range, type Explored } from "./data";
import { look, type AlertBand, type Line } from "./lines";

const POINTS = 1200;
/** What is added up into bars must come whole, or nearly so. */
const SUMS = 10_000;
const MOST_POINTS = 3_000;
const FEW = 3;

export interface Shown {
  series: LiveSeries;
  range: Explored;
  line: Line;
  /** Width of sums [ms]; null where values are shown as they are. */
  barMs: number | null;
}

interface Found {
  ranges: Map<number, Explored>;
  alerts: Alert[];
}

export class Explorer {
  readonly loaded = new Loaded<Found>();
  readonly #session: Session;
  /** While a gesture is under way. */
  draft = $state.raw<Span | null>(null);

  constructor(session: Session) {
    this.#session = session;
  }

  readonly ids = $derived(idsOf(router.param("s")));
  readonly named = $derived<RangeName>(rangeNamed(router.param("range")));
  readonly zoom = $derived(spanOf(router.param("from"), router.param("to")));
  readonly withAlerts = $derived(router.param("alerts") !== "0");
  readonly withLimits = $derived(
    router.param("limits") === null ? this.ids.length <= FEW : router.param("limits") === "1",
  );

  get span(): Span {
    return this.draft ?? this.zoom ?? lately(this.named, this.#session.clock.now);
  }

  get series(): LiveSeries[] {
    return this.ids.flatMap((id) => this.#session.find(id) ?? []);
  }

  toggle(id: number): void {
    router.set({ s: toggled(this.ids, id).join(",") });
  }

  choose(ids: readonly number[]): void {
    router.set({ s: ids.join(",") });
  }

  show(named: RangeName): void {
    this.draft = null;
    router.set({ range: named, from: null, to: null });
  }

  look(span: Span, final: boolean): void {
    this.draft = final ? null : span;
    if (!final) return;
    router.set({ from: String(Math.round(span.start)), to: String(Math.round(span.end)) });
  }

  whole(): void {
    this.draft = null;
    router.set({ from: null, to: null });
  }

  load(): void {
    const span = this.zoom ?? lately(this.named, this.#session.clock.now);
    const wanted = this.series;
    void this.loaded.run(async () => {
      const until = { start: span.start, end: span.end + 1 };
      const [ranges, held] = await Promise.all([
        Promise.all(
          wanted.map(({ info }) => range(info.id, until, isSum(info.kind) ? SUMS : POINTS)),
        ),
        alerts(this.#session.code, [...new Set(wanted.map(({ info }) => info.device))], span),
      ]);
      return { ranges: new Map(ranges.map((each) => [each.series, each])), alerts: held };
    });
  }

  get shown(): Shown[] {
    const found = this.loaded.value?.ranges;
    if (found === undefined) return [];
    const span = this.span;
    return this.series.flatMap((series, n) => {
      const of = found.get(series.info.id);
      return of === undefined ? [] : [this.#shown(series, of, span, n)];
    });
  }

  #shown(series: LiveSeries, of: Explored, span: Span, n: number): Shown {
    const { info } = series;
    const isBar = isSum(info.kind);
    const width = barWidth(span, info.report_interval_s);
    const line: Line = {
      id: info.id,
      name: `${i18n.name(info.device_name)} · ${i18n.name(info.metric_name)}`,
      unit: info.unit,
      metric: info.metric,
      columns: isBar ? sums(series, of, span, width) : this.#values(series, of),
      ...look(n, prefs.dark),
      stepped: isBar || info.kind === "state",
      limits: isBar ? [] : info.limits,
      flags: isBar ? [] : (of.flags ?? []),
    };
    return { series, range: of, line, barMs: isBar ? width : null };
  }

  #values(series: LiveSeries, of: Explored): Columns {
    const found = columns(of);
    const sample = series.sample;
    if (this.zoom !== null || sample === null) return found;
    return appended(found, sample.ts, sample.value, of.gap_s);
  }

  /** Whether there are few enough readings to draw each. */
  get few(): boolean {
    const ranges = this.shown.map(({ range: each }) => each);
    const count = ranges.reduce((sum, each) => sum + each.ts.length, 0);
    return count <= MOST_POINTS && ranges.every((each) => each.tier === "raw");
  }

  get points(): boolean {
    return router.param("points") === "1" && this.few;
  }

  get bands(): AlertBand[] {
    const { start, end } = this.span;
    return this.#alerts()
      .map((alert) => ({
        id: alert.id,
        start: Date.parse(alert.onset),
        end: alert.cleared_at === null ? this.#session.clock.now : Date.parse(alert.cleared_at),
        severity: alert.severity,
        name: i18n.name(alert.rule.name),
      }))
      .filter((band) => band.start < end && band.end > start);
  }

  /** Those of the chosen series: what was loaded, and what has come since. */
  #alerts(): Alert[] {
    const ids = new Set<number | null>(this.ids);
    const known = new Map<string, Alert>();
    for (const each of this.loaded.value?.alerts ?? []) known.set(each.id, each);
    for (const each of this.#session.alerts.values()) known.set(each.id, each);
    return [...known.values()].filter((each) => each.series !== null && ids.has(each.series));
  }
}

const isSum = (kind: string) => kind === "interval" || kind === "counter";

/** Sums in equal stretches, from the beginning of each. */
function sums(series: LiveSeries, of: Explored, span: Span, width: number): Columns {
  const ahead = i18n.format.offsetMs(span.end);
  const found = barColumns(of, series.info.kind, span, width, ahead);
  return { ...found, x: found.x.map((at) => at - width / 2000) };
}
