/** Rules as people read and write them: fields of each kind, a line of words, what changed. */
import type { Definition, RuleKind, RuleLevel } from "../api/desk-types";
import type { SeriesKind, Severity } from "../api/types";

export type FieldType =
  | "metric"
  | "number"
  | "integer"
  | "duration"
  | "choice"
  | "flag"
  | "levels"
  | "sum_levels"
  | "severity"
  | "scope"
  | "schedule"
  | "repeat"
  | "codes";

export interface RuleField {
  key: string;
  type: FieldType;
  /** Of a choice. */
  choices?: readonly string[];
  /** Kinds of series that a metric may have. */
  metrics?: readonly SeriesKind[];
  /** Where codes come from. */
  from?: "data_centres" | "rules" | "place_kinds" | "metrics" | "tests" | "roles";
  /** May be left out. */
  optional?: boolean;
}

const DIRECTION: RuleField = { key: "direction", type: "choice", choices: ["above", "below"] };
const LEVELS: RuleField = { key: "levels", type: "levels" };
const SCOPE: RuleField = { key: "scope", type: "scope" };
const CENTRES: RuleField = {
  key: "data_centres",
  type: "codes",
  from: "data_centres",
  optional: true,
};
const number = (key: string): RuleField => ({ key, type: "number", optional: true });
const integer = (key: string): RuleField => ({ key, type: "integer", optional: true });
const duration = (key: string): RuleField => ({ key, type: "duration", optional: true });
const CATEGORY = integer("category");
const SCHEDULE: RuleField = { key: "schedule", type: "schedule", optional: true };
const METRICS: RuleField = { key: "metrics", type: "codes", from: "metrics", optional: true };

/** Fields that rules over readings share. */
const TIMING: readonly RuleField[] = [
  number("deadband"),
  duration("on_delay_s"),
  duration("off_delay_s"),
  integer("on_samples"),
  integer("off_samples"),
  { key: "repeat", type: "repeat", optional: true },
  SCHEDULE,
  SCOPE,
];

/** The form of each kind; a kind that stands in no line is edited as JSON. */
export const FIELDS: Partial<Record<string, readonly RuleField[]>> = {
  threshold: [
    { key: "metric", type: "metric", metrics: ["gauge", "interval", "state"] },
    DIRECTION,
    LEVELS,
    ...TIMING,
  ],
  rate: [
    { key: "metric", type: "metric", metrics: ["gauge"] },
    DIRECTION,
    { key: "window_s", type: "duration" },
    duration("per_s"),
    LEVELS,
    ...TIMING,
  ],
  rolling_sum: [
    { key: "metric", type: "metric", metrics: ["interval", "counter"] },
    { key: "levels", type: "sum_levels" },
    ...TIMING,
  ],
  absence: [LEVELS, SCHEDULE, SCOPE],
  kpi: [
    {
      key: "kpi",
      type: "choice",
      choices: ["pue", "ref", "ref_hourly", "cue_location", "cue_market", "wue", "erf", "cer"],
    },
    DIRECTION,
    LEVELS,
    CATEGORY,
    {
      key: "period",
      type: "choice",
      choices: ["hour", "day", "month", "year", "rolling_12_months"],
    },
    { key: "span", type: "choice", choices: ["period", "year_to_date"] },
    { key: "quantity", type: "choice", choices: ["value", "coverage"] },
    { key: "inclusive", type: "flag" },
    number("least_coverage"),
    number("deadband"),
    integer("on_samples"),
    integer("off_samples"),
    CENTRES,
  ],
  composition: [
    { key: "rules", type: "codes", from: "rules" },
    { key: "severity", type: "severity" },
    duration("within_s"),
    { key: "place_kinds", type: "codes", from: "place_kinds", optional: true },
  ],
  quality: [
    { key: "tests", type: "codes", from: "tests" },
    LEVELS,
    METRICS,
    integer("count"),
    duration("within_s"),
    duration("off_delay_s"),
    SCHEDULE,
    SCOPE,
  ],
  anomaly: [
    LEVELS,
    METRICS,
    integer("count"),
    duration("within_s"),
    duration("off_delay_s"),
    SCHEDULE,
    SCOPE,
  ],
  balance: [
    { key: "measure", type: "choice", choices: ["excess", "loss"] },
    LEVELS,
    { key: "roles", type: "codes", from: "roles", optional: true },
    integer("on_samples"),
    integer("off_samples"),
    number("least_coverage"),
    CENTRES,
  ],
  projection: [
    { key: "kpi", type: "choice", choices: ["pue", "ref"] },
    { key: "severity", type: "severity" },
    { key: "certain", type: "severity", optional: true },
    CATEGORY,
    CENTRES,
  ],
  drift: [LEVELS, { key: "needs_thermometer", type: "flag" }, CENTRES],
};

const LEVEL: RuleLevel = { severity: "medium", limit: 0 };

/** What the form of a new rule of this kind begins with. */
export function blank(kind: RuleKind): Definition {
  switch (kind) {
    case "threshold":
      return { kind, metric: "", direction: "above", levels: [LEVEL], scope: {} };
    case "rate":
      return {
        kind,
        metric: "",
        direction: "above",
        window_s: 600,
        levels: [LEVEL],
        scope: {},
      };
    case "rolling_sum":
      return { kind, metric: "", levels: [{ ...LEVEL, limit: 50, window_s: 3600 }], scope: {} };
    case "absence":
      return { kind, levels: [{ ...LEVEL, limit: 2.5 }], scope: {} };
    case "kpi":
      return { kind, kpi: "pue", direction: "above", levels: [{ ...LEVEL, limit: 1.25 }] };
    case "composition":
      return { kind, rules: [], severity: "high" };
    case "quality":
      return { kind, tests: [], levels: [{ ...LEVEL, limit: 4 }], scope: {} };
    case "anomaly":
      return { kind, levels: [{ ...LEVEL, limit: 0.999 }], scope: {} };
    case "balance":
      return { kind, measure: "loss", levels: [{ ...LEVEL, limit: 0.05 }] };
    case "projection":
      return { kind, kpi: "pue", severity: "medium" };
    case "drift":
      return { kind, levels: [{ ...LEVEL, limit: 10 }] };
  }
}

export function levelsOf(definition: Definition): RuleLevel[] {
  return Array.isArray(definition.levels) ? (definition.levels as RuleLevel[]) : [];
}

/** Severities that the rule can raise, mildest first. */
export function severitiesOf(definition: Definition): Severity[] {
  const levels = levelsOf(definition).map(({ severity }) => severity);
  const own = [definition.severity, definition.certain].filter(
    (each): each is Severity => typeof each === "string",
  );
  return [...new Set([...levels, ...own])];
}

export interface Difference {
  path: string;
  before: unknown;
  after: unknown;
}

/** Lists that are one value to people: codes, and the times of a schedule. */
const isWhole = (path: string, value: unknown[]) =>
  path.endsWith("schedule") || value.every((each) => typeof each !== "object");

/** Values that differ, by their path: `levels/0/limit`; null where there is none. */
export function differences(before: unknown, after: unknown): Difference[] {
  const [old, now] = [flat(before), flat(after)];
  return [...new Set([...old.keys(), ...now.keys()])]
    .map((path) => ({ path, before: old.get(path) ?? null, after: now.get(path) ?? null }))
    .filter((each) => JSON.stringify(each.before) !== JSON.stringify(each.after))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

function flat(value: unknown, path = "", found = new Map<string, unknown>()) {
  if (value === null || value === undefined || (Array.isArray(value) && value.length === 0))
    return found;
  if (typeof value !== "object" || (Array.isArray(value) && isWhole(path, value)))
    return found.set(path, value);
  for (const [key, each] of Object.entries(value))
    flat(each, path === "" ? key : `${path}/${key}`, found);
  return found;
}

/** The same definition without values that say nothing: null, and empty lists in the scope. */
export function tidy(definition: Definition): Definition {
  const entries = Object.entries(definition).filter(([, value]) => value !== null);
  const tidied = Object.fromEntries(entries) as Definition;
  if (typeof tidied.scope === "object" && tidied.scope !== null)
    tidied.scope = Object.fromEntries(
      Object.entries(tidied.scope).filter(
        ([, value]) => Array.isArray(value) && value.length > 0,
      ),
    );
  return tidied;
}
