/** Choosing and ordering alerts. */
import type { Alert, AlertState, Limit, Place, Severity } from "../api/types";
import { rank } from "./band";

export type Sort = "severity" | "time";

export interface Filter {
  text: string;
  severity: Severity | null;
  retroactive: boolean;
  state: AlertState | null;
  /** Codes of places; null does not restrict. */
  places: ReadonlySet<string> | null;
  rule: string | null;
  assignee: string | null;
  /** Raised then or later, epoch ms. */
  since: number | null;
}

export const NO_FILTER: Filter = {
  text: "",
  severity: null,
  retroactive: true,
  state: null,
  places: null,
  rule: null,
  assignee: null,
  since: null,
};

/**
 * Whether a series' value may stand beside the alert's limit. The limit of a rule about its rise
 * or its quality is of another quantity than the value.
 */
export function isOfValue(alert: Alert, limits: readonly Limit[]): boolean {
  return (
    alert.rule.kind === "threshold" &&
    limits.some(
      ({ limit, direction }) => limit === alert.limit && direction === alert.direction,
    )
  );
}

/** Unacknowledged before acknowledged, then by severity or time, newest first. */
export function sorted(alerts: readonly Alert[], sort: Sort): Alert[] {
  const time = (alert: Alert) => Date.parse(alert.onset);
  return [...alerts].sort((a, b) => {
    if (sort === "time") return time(b) - time(a);
    return urgency(b) - urgency(a) || rank(b.severity) - rank(a.severity) || time(b) - time(a);
  });
}

function urgency(alert: Alert): number {
  if (alert.state === "unacknowledged") return 2;
  return alert.state === "normal" ? 0 : 1;
}

/** `words` gives the texts of an alert that the filter looks into. */
export function matches(
  alert: Alert,
  filter: Filter,
  words: (alert: Alert) => string,
): boolean {
  if (alert.retroactive && !filter.retroactive) return false;
  if (filter.severity !== null && alert.severity !== filter.severity) return false;
  if (!handled(alert, filter)) return false;
  const text = words(alert).toLowerCase();
  return filter.text
    .toLowerCase()
    .split(/\s+/)
    .every((part) => text.includes(part));
}

function handled(alert: Alert, { state, places, rule, assignee, since }: Filter): boolean {
  return (
    (state === null || alert.state === state) &&
    (places === null || (alert.place !== null && places.has(alert.place))) &&
    (rule === null || alert.rule.code === rule) &&
    (assignee === null || alert.assignee === assignee) &&
    (since === null || Date.parse(alert.raised_at) >= since)
  );
}

/** A place and all that lie in it. */
export function within(places: readonly Place[], code: string): Set<string> {
  const found = new Set([code]);
  let grown = 0;
  while (grown < found.size) {
    grown = found.size;
    for (const place of places)
      if (place.parent !== null && found.has(place.parent)) found.add(place.code);
  }
  return found;
}

/**
 * Order of rows while somebody points at them: known ones keep their place, new ones go to the
 * end, gone ones drop out.
 */
export function held(before: readonly string[], now: readonly string[]): string[] {
  const present = new Set(now);
  const kept = before.filter((id) => present.has(id));
  const known = new Set(kept);
  return [...kept, ...now.filter((id) => !known.has(id))];
}
