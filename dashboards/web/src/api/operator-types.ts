/** What the API answers for the operator's pages. */
import type { KpiName, Name, Severity, Verdict } from "./types";

export type RainColour = "blue" | "yellow" | "orange" | "red";
export type RainClassName =
  | "none"
  | "trace"
  | "light"
  | "moderate"
  | "heavy"
  | "rainstorm"
  | "heavy_rainstorm"
  | "extraordinary_rainstorm";

export interface WindowSum {
  window_min: number;
  mm: number | null;
  coverage: number;
}

export interface GaugeRain {
  series: number;
  device: string;
  device_name: Name;
  place: string | null;
  ts: string | null;
  stale: boolean;
  sums: WindowSum[];
  colour: RainColour | null;
  class_24h: RainClassName | null;
  suspect: number;
}

export interface Stage {
  name: Name | null;
  severity: Severity;
  limit: number;
  reached: boolean;
  hours: number | null;
  earliest_h: number | null;
  latest_h: number | null;
}

export interface GaugeLevel {
  series: number;
  device: string;
  device_name: Name;
  place: string | null;
  metric: string;
  ts: string | null;
  stale: boolean;
  level: number | null;
  rate: number | null;
  rate_low: number | null;
  rate_high: number | null;
  stage: Stage | null;
  stages: Stage[];
}

export type ChangeKind =
  | "raised"
  | "severity"
  | "cleared"
  | "acknowledged"
  | "escalated"
  | "reached"
  | "fell_below"
  | "on"
  | "off"
  | "silent";

export interface Change {
  at: string;
  kind: ChangeKind;
  device: string | null;
  device_name: Name | null;
  place: string | null;
  series: number | null;
  metric: string | null;
  severity: Severity | null;
  name: Name | null;
  value: number | null;
  limit: number | null;
  alert: string | null;
  actor: string | null;
  times: number;
}

export type Grade = "normal" | "warning" | "critical";

export interface Bound {
  direction: "above" | "below";
  warning: number;
  critical: number | null;
}

export interface Quantity {
  series: number;
  device: string;
  metric: string;
  metric_name: Name;
  unit: string;
  kind: string;
  ts: string | null;
  value: number | null;
  stale: boolean;
  grade: Grade;
  bounds: Bound[];
}

export interface EntryReason {
  cause: "beyond_limit" | "flooding" | "old" | "not_measured";
  metric: string;
  series: number | null;
  value: number | null;
  limit: number | null;
  grade: Grade | null;
}

export interface Compartment {
  code: string;
  parent: string | null;
  name: Name;
  kind: "water" | "sewage" | "gas" | "heat" | "power";
  entry: "permitted" | "not_permitted" | "unknown";
  reasons: EntryReason[];
  ventilation: boolean | null;
  advice: { action: string; text: Name }[];
  quantities: Quantity[];
  not_measured: string[];
}

export interface PlanImage {
  source: "svg" | "png" | "geojson";
  kind: "svg" | "png";
  width: number;
  height: number;
  bounds: number[] | null;
  updated_at: string;
}

export interface PlanPosition {
  kind: "place" | "device";
  code: string;
  x: number;
  y: number;
}

export interface Plan {
  image: PlanImage | null;
  positions: PlanPosition[];
}

export interface DeviceFinding {
  device: string;
  series: number;
  metric: string;
  code: "frozen" | "impossible" | "battery_low" | "signal_poor" | "signal_edge";
  ts: string;
  value: number;
  limit: number | null;
}

export interface PortfolioMember {
  park: string;
  data_centre: string;
  name: Name;
  category: number;
  value: number | null;
  coverage: number;
  verdict: Verdict;
  state: "open" | "closed";
}

export interface PortfolioGroup {
  kpi: KpiName;
  members: PortfolioMember[];
}

export interface Portfolio {
  groups: PortfolioGroup[];
}
