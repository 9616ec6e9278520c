/** Alerts as the API answers them. */
import type { Name, Severity } from "./types";

export type AlertState =
  | "unacknowledged"
  | "acknowledged"
  | "returned_unacknowledged"
  | "normal"
  | "shelved"
  | "suppressed_by_design"
  | "out_of_service";

export interface QuietNow {
  kind: "shelved" | "suppressed_by_design" | "out_of_service" | "maintenance";
  since: string;
  until: string | null;
  actor: string;
  reason: string;
}

export interface Alert {
  id: string;
  /** The kind tells of what value and limit are. */
  rule: { code: string; name: Name; kind: string };
  subject: string;
  park: string;
  place: string | null;
  place_name: Name | null;
  device: string | null;
  device_name: Name | null;
  series: number | null;
  metric: string | null;
  metric_name: Name | null;
  /** Of value and limit, of a rate per time; null for flags, scores and counts. */
  unit: string | null;
  severity: Severity;
  /** Name of the severity's level, such as 警戒水位. */
  level: Name | null;
  state: AlertState;
  /** Why nobody is called for it now. */
  quiet: QuietNow | null;
  assignee: string | null;
  retroactive: boolean;
  onset: string;
  raised_at: string;
  cleared_at: string | null;
  acknowledged_at: string | null;
  acknowledged_by: string | null;
  value: number;
  limit: number;
  direction: "above" | "below" | null;
  version: number;
}

export type AlertEventKind =
  | "raised"
  | "severity"
  | "cleared"
  | "acknowledged"
  | "revised"
  | "shelved"
  | "unshelved"
  | "suppressed"
  | "unsuppressed"
  | "out_of_service"
  | "in_service"
  | "assigned"
  | "commented"
  | "escalated"
  | "step_done"
  | "step_undone"
  | "command_requested"
  | "command_confirmed"
  | "command_refused"
  | "command_timed_out"
  | "command_withdrawn";

export interface AlertEvent {
  kind: AlertEventKind;
  at: string;
  recorded_at: string;
  actor: string;
  severity: Severity;
  value: number | null;
  detail: Record<string, unknown>;
}

export interface Delivery {
  channel: string;
  event: AlertEvent["kind"];
  at: string;
  attempt: number;
  status: number | null;
  error: string | null;
}

export interface AlertDetail extends Alert {
  events: AlertEvent[];
  deliveries: Delivery[];
}
