/** Choosing and ordering alerts. */
import type { Alert, Severity } from "../api/types";
import { rank } from "./band";

export type Sort = "severity" | "time";

export interface Filter {
  text: string;
  severity: Severity | null;
  retroactive: boolean;
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
  const text = words(alert).toLowerCase();
  return filter.text
    .toLowerCase()
    .split(/\s+/)
    .every((part) => text.includes(part));
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
