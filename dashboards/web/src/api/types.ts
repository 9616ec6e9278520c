/** What the API answers (`/api/v1`); times are RFC 3339 texts unless a name says `_ms`. */

import type { Alert } from "./alert-types";

export type * from "./alert-types";

export interface Name {
  zh: string;
  en: string;
}

export type Severity = "low" | "medium" | "high" | "critical";

export interface Page<T> {
  items: T[];
  next: string | null;
}

export interface Park {
  code: string;
  name: Name;
  grade: "demonstration" | "growth";
  clock: "wall" | "data";
  now: string;
  /** Newest reading. */
  last_ts: string | null;
  zone: string;
  simulated: boolean;
  /** It stands for the service itself; lists of parks leave it out. */
  service: boolean;
  devices: { total: number; reporting: number; silent: number; discovered: number };
  alerts: Record<Severity, number>;
}

/** A shipped scenario of a simulated park. */
export interface Scenario {
  code: string;
  name: Name;
  about: Name;
  start: string;
  duration_h: number;
  devices: number;
  events: number;
}

/** The scenario that was started last, if any. */
export interface Simulation {
  allowed: boolean;
  state: "idle" | "running" | "finished" | "stopped" | "failed";
  scenario: Scenario | null;
  park: string | null;
  speed: number | null;
  started_at: string | null;
  /** Clock of the park; null until the park is there. */
  now: string | null;
}

export interface Place {
  code: string;
  parent: string | null;
  kind: string;
  name: Name;
}

export interface DataCentre {
  code: string;
  name: Name;
  commissioned: string;
  standard_racks: number;
  place: string | null;
}

export interface ParkDetail extends Park {
  places: Place[];
  data_centres: DataCentre[];
}

export interface Device {
  code: string;
  name: Name;
  kind: string;
  place: string | null;
  state: "active" | "discovered" | "retired";
  clock: "trusted" | "untrusted";
  report_interval_s: number;
  last_received_at?: string | null;
  last_ts: string | null;
  silent: boolean;
}

export type SeriesKind = "gauge" | "counter" | "interval" | "state";
export type Group = "water" | "rain" | "soil" | "tunnel" | "power" | "health" | "service";

export interface Limit {
  severity: Severity;
  direction: "above" | "below";
  limit: number;
  name: Name | null;
}

export interface Latest {
  ts: string;
  value: number;
  quality: number;
  stale: boolean;
}

export interface Series {
  id: number;
  device: string;
  device_name: Name;
  device_kind: string;
  place: string | null;
  metric: string;
  metric_name: Name;
  unit: string;
  kind: SeriesKind;
  group: Group;
  report_interval_s: number;
  latest: Latest | null;
  limits: Limit[];
}

/** What a series may measure. */
export interface Metric {
  code: string;
  name: Name;
  unit: string;
  kind: SeriesKind;
  group: Group;
  minimum: number;
  maximum: number;
}

export interface Range {
  series: number;
  start: string;
  end: string;
  tier: "raw" | "1m" | "1h" | "1d";
  downsampled: boolean;
  from_points: number;
  /** Epoch milliseconds. */
  ts: number[];
  value: (number | null)[];
  min: (number | null)[] | null;
  max: (number | null)[] | null;
  /** Readings further apart than this are a gap. */
  gap_s: number;
}

export interface Summary {
  n: number;
  sum: number | null;
  min: number | null;
  max: number | null;
  windows: { window_s: number; max_sum: number | null; end: string | null }[];
  missing: number | null;
}

/** KPIs that have a trend on screen. */
export type TrendName = "pue" | "ref" | "ref_hourly";
export type KpiName = TrendName | "cue_location" | "cue_market" | "wue" | "erf" | "cer";
export type Period = "hour" | "day" | "month" | "year" | "rolling_12_months";
export type Verdict =
  | "compliant"
  | "not compliant"
  | "insufficient data"
  | "not applicable"
  | "interim: above target"
  | "interim: below target";

/** The target that a value is compared with. */
export interface TargetRule {
  comparison: "lt" | "ge";
  value: number;
  coverage_floor: number;
  valid_from: string;
  commissioned_from: string | null;
  min_standard_racks: number;
  /** Otherwise the comparison is for information. */
  in_scope: boolean;
  source: string;
  /** Empty: as `source`. */
  source_zh: string;
}

export interface Evidence {
  meters: EvidenceMeter[];
  /** Whether a share was limited to [0, 1]. */
  clipped: boolean;
  /** Why there is no value although there are data. */
  finding: string | null;
  rule: TargetRule | null;
  /** Of the closed figure, oldest first. */
  revisions: ValueChange[];
}

/** How a closed figure was changed, and why. */
export interface ValueChange {
  revision: number;
  old_value: number | null;
  new_value: number | null;
  old_coverage: number;
  new_coverage: number;
  cause: string;
  at: string;
}

export interface EvidenceMeter {
  device: string;
  metric: string;
  role: string;
  kwh: number;
  estimated_kwh: number;
  covered_s: number;
}

export interface Kpi {
  kpi: KpiName;
  category: number;
  period: Period;
  start: string;
  end: string;
  value: number | null;
  unit: string;
  numerator_unit: string;
  numerator_kwh: number;
  numerator_estimated_kwh: number;
  denominator_kwh: number;
  denominator_estimated_kwh: number;
  coverage: number;
  covered_s: number;
  estimated_s: number;
  elapsed_s: number;
  verdict: Verdict;
  target: number | null;
  comparison: "lt" | "ge" | null;
  state: "open" | "closed";
  revision: number;
  computed_at: string;
  evidence: Evidence;
}

export interface Revision extends ValueChange {
  kpi: KpiName;
  category: number;
  period: Period;
  start: string;
}

/** A reading that a test found doubtful. */
export interface Finding {
  ts: string;
  test: string;
  /** 3 suspect, 4 fail. */
  flag: number;
}

export interface LedgerCounts {
  received: number;
  stored: number;
  duplicate: number;
  quarantined: number;
  dropped_by_broker: number;
  values: { stored: number; duplicate: number; corrected: number; refused: number };
}

export interface LedgerHour extends LedgerCounts {
  hour: string;
  source: string;
}

export interface Ledger {
  items: LedgerHour[];
  totals: LedgerCounts;
  balanced: boolean;
  reasons: ReasonCount[];
  last_minute: { messages: number; values: number };
}

export interface ReasonCount {
  hour: string;
  park: string;
  reason: string;
  n: number;
}

export interface Gap {
  park: string;
  device: string;
  first: number;
  last: number;
  count: number;
}

export interface Pause {
  start: string;
  end: string;
  devices: number;
  reports: number;
}

export interface Gaps {
  items: Gap[];
  start: string;
  end: string;
  numbered: number;
  missing: number;
}

export interface Quarantined {
  id: string;
  at: string;
  park: string | null;
  device: string | null;
  topic: string;
  reason: string;
  detail: string;
  length: number;
  sha256: string;
  format: string | null;
  state: "open" | "replayed" | "discarded";
  refused: number;
  state_at: string | null;
  note: string;
}

export interface QuarantinedDetail extends Quarantined {
  /** As received, at most its first 64 KiB; base64 where it is no text. */
  raw: string;
  raw_encoding: "text" | "base64";
  truncated: boolean;
}

export interface Flow {
  messages_last_minute: number;
  values_last_minute: number;
  received: number;
  stored: number;
  duplicate: number;
  quarantined: number;
  balanced: boolean;
}

/** series, epoch milliseconds, value, quality, and in snapshots whether it is stale. */
export type LiveValue = [number, number, number, number, boolean?];

export interface Snapshot {
  now: string;
  latest: LiveValue[];
  alerts: Alert[];
  flow: Flow;
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  errors?: { pointer: string; code: string; detail: string }[];
}

export interface Projection {
  kpi: KpiName;
  category: number;
  start: string;
  end: string;
  value: number | null;
  low: number | null;
  high: number | null;
  target: number | null;
  in_scope: boolean;
  headroom_kwh: number | null;
  certificates_kwh: number;
  lost_from: string | null;
  expectation: "met" | "missed" | "uncertain" | null;
  to_date: { value: number | null; coverage: number };
  mean_absolute_error: number | null;
}

export interface NormalisedMonth {
  start: string;
  pue: number;
  normalised: number;
  weather_kwh: number;
  temperature_degc: number;
  reference_degc: number;
  coverage: number;
}

export interface WeatherNormalised {
  thermometer: string | null;
  model: { days: number; r_squared: number; per_degree_kwh: number } | null;
  months: NormalisedMonth[];
  finding: "no_pue" | "no_outdoor_temperature" | "too_few_days" | null;
}

export interface Certificate {
  serial: string;
  kind: "certificate" | "green_power" | "sold";
  volume_kwh: number;
  retired_on: string | null;
  valid_to: string;
  used_from: string;
  used_to: string;
  source: string;
}

export interface FlowNode {
  id: string;
  kind: "supply" | "hub" | "meter" | "loss";
  name: Name;
  kwh: number;
  coverage: number;
  partial_pue: number | null;
}

export interface FlowLink {
  source: string;
  target: string;
  kwh: number;
}

export interface EnergyFlow {
  hours: number;
  elapsed_hours: number;
  coverage: number;
  nodes: FlowNode[];
  links: FlowLink[];
  silent: string[];
}

export interface BalanceRow {
  parent: string | null;
  children: string[];
  parent_kwh: number;
  children_kwh: number;
  difference: number | null;
  coverage: number;
  limit: number;
  finding: "children_above_parent" | "loss_above_limit" | "no_common_hours" | null;
}

export interface Balances {
  tolerance: number;
  items: BalanceRow[];
  silent: string[];
}
