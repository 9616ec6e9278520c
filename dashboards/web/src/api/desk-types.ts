/** What the API answers about alerts' handling, rules, channels, duty and maintenance. */
import type { AlertDetail, AlertEvent, Name, Severity } from "./types";

export interface TickedStep {
  code: string;
  zh: string;
  en: string;
  done_by: string | null;
  done_at: string | null;
}

export interface FullAlert extends AlertDetail {
  checklist: TickedStep[];
}

export interface Escalation {
  alert: string;
  policy: string;
  started_at: string;
  steps_taken: number;
  due: string | null;
  people: string[];
  channels: string[];
}

export type RuleKind =
  | "threshold"
  | "rate"
  | "rolling_sum"
  | "absence"
  | "kpi"
  | "composition"
  | "quality"
  | "anomaly"
  | "balance"
  | "projection"
  | "drift";

export interface RuleLevel {
  severity: Severity;
  limit: number;
  window_s?: number;
  name?: Name | null;
}

/** What a rule says; the fields depend on its kind. */
export type Definition = Record<string, unknown> & { kind: string };

export interface RuleContent {
  name: Name;
  definition: Definition;
  source: string;
  /** Empty: as `source`. */
  source_zh: string;
  enabled: boolean;
}

export interface Rule extends RuleContent {
  id: number;
  park: string | null;
  version: number;
  edited: boolean;
  code: string;
}

export interface RuleVersion extends RuleContent {
  version: number;
  at: string;
  actor: string;
  note: string;
}

export interface RuleDetail extends Rule {
  versions: RuleVersion[];
}

/** A rule as it is sent. */
export interface RuleDraft extends RuleContent {
  code: string;
}

export interface Occurrence {
  park: string;
  device: string;
  metric: string;
  onset: string;
  raised_at: string;
  cleared_at: string | null;
  severity: Severity;
  value: number;
}

export interface Backtest {
  start: string;
  end: string;
  series: number;
  readings: number;
  is_complete: boolean;
  alerts: number;
  still_active: number;
  by_severity: Partial<Record<Severity, number>>;
  active_s: number;
  median_s: number | null;
  longest_s: number | null;
  days: { day: string; alerts: number }[];
  devices: { park: string; device: string; metric: string; alerts: number; active_s: number }[];
  occurrences: Occurrence[];
}

export type ChannelKind = "webhook" | "dingtalk" | "wecom" | "feishu" | "email";

export interface ChannelOptions {
  language: "zh" | "en";
  mention_mobiles: string[];
  mention_users: string[];
  mention_from: Severity;
  sender: string;
  recipients: string[];
  acknowledge_link: boolean;
}

export interface Channel {
  name: string;
  kind: ChannelKind;
  url: string;
  park: string | null;
  min_severity: Severity;
  enabled: boolean;
  options: ChannelOptions;
  failures: number;
  paused_until: string | null;
  created_at: string;
  version: number;
}

export interface ChannelDraft {
  url: string;
  secret: string;
  user: string;
  min_severity: Severity;
  park: string | null;
  enabled: boolean;
  options: ChannelOptions;
}

export interface NewChannel extends ChannelDraft {
  name: string;
  kind: ChannelKind;
}

export interface TestResult {
  delivered: boolean;
  status: number | null;
  error: string | null;
  duration_ms: number;
}

export type DeliveryState = "pending" | "delivered" | "dead";

export interface Outgoing {
  id: string;
  channel: string;
  kind: ChannelKind;
  park: string;
  alert: string;
  event: AlertEvent["kind"];
  severity: Severity;
  state: DeliveryState;
  attempts: number;
  created_at: string;
  next_attempt_at: string;
  last_at: string | null;
  last_status: number | null;
  last_error: string | null;
  letter: string | null;
}

export interface Person {
  code: string;
  name: string;
  mobile: string;
  email: string;
  channels: string[];
}

export interface Shift {
  person: string;
  days: number[];
  start: string;
  end: string;
}

export interface Substitution {
  start: string;
  end: string;
  by: string;
  person: string | null;
  reason: string;
}

export interface Roster {
  code: string;
  name: string;
  shifts: Shift[];
  substitutions: Substitution[];
}

export interface PolicyStep {
  after_minutes: number;
  rosters: string[];
  people: string[];
  channels: string[];
}

export interface Policy {
  code: string;
  min_severity: Severity;
  steps: PolicyStep[];
}

export interface DutyPlan {
  people: Person[];
  rosters: Roster[];
  policies: Policy[];
}

export interface StoredDuty {
  version: number;
  plan: DutyPlan;
  actor: string;
  at: string | null;
}

export interface OnDuty {
  at: string;
  version: number;
  posts: { roster: string; name: string; people: Person[] }[];
}

export interface MaintenanceWindow {
  id: number;
  park: string;
  place: string | null;
  device: string | null;
  rule: string | null;
  start: string;
  end: string;
  reason: string;
  by: string;
  created_at: string;
  ended_by: string | null;
}

export interface NewWindow {
  place: string | null;
  device: string | null;
  rule: string | null;
  start: string;
  end: string;
  reason: string;
  by: string;
}

export interface Suppression {
  id: number;
  rule: string;
  cause_rule: string;
  within: "device" | "place" | "park";
  reason: string;
  by: string;
  created_at: string;
}

export interface PlanStep {
  code: string;
  zh: string;
  en: string;
}

export type Arguments = Record<string, string | boolean | number>;

/** What a plan lets people, or the engine, ask of a local controller. */
export interface PlannedCommand {
  code: string;
  device: string;
  name: string;
  arguments: Arguments;
  timeout_s: number;
  automatic: boolean;
  min_severity: Severity;
  zh: string;
  en: string;
}

export type CommandState =
  "requested" | "sent" | "confirmed" | "refused" | "timed_out" | "withdrawn";

/** A request to a local controller, and what became of it. */
export interface Command {
  id: string;
  code: string;
  device: string;
  name: string;
  arguments: Arguments;
  automatic: boolean;
  requested_by: string;
  requested_at: string;
  expires_at: string;
  state: CommandState;
  sent_at: string | null;
  settled_at: string | null;
  reason: string | null;
}

export interface Commands {
  planned: PlannedCommand[];
  commands: Command[];
}

export interface ResponsePlan {
  rule: string;
  version: number;
  steps: PlanStep[];
  commands: PlannedCommand[];
  actor: string;
  at: string | null;
}

export interface Performance {
  start: string;
  end: string;
  alarms: number;
  retroactive: number;
  alarms_per_day: number | null;
  alarms_per_hour: number | null;
  alarms_per_10_min: number | null;
  peak_per_10_min: number;
  assessment: "acceptable" | "manageable" | "too many" | "no data";
  share_of_periods_above_10: number | null;
  share_of_time_in_flood: number | null;
  floods: { start: string; end: string; count: number }[];
  bad_actors: {
    rule: string;
    subject: string;
    count: number;
    share: number;
    chattering: boolean;
  }[];
  bad_actors_share: number | null;
  chattering: number;
  standing: number;
  stale: {
    rule: string;
    subject: string;
    severity: Severity;
    since: string;
    until: string | null;
    hours: number;
  }[];
  priorities: { severity: Severity; count: number; share: number }[];
  acknowledged: number;
  mean_time_to_acknowledge_s: number | null;
}
