/** How a place or a device is now: worst alert, how many, silent devices. */
import type { PlanPosition } from "../api/operator-types";
import type { Alert, Name, Place, Severity } from "../api/types";
import { within } from "../lib/alerts";
import { rank } from "../lib/band";

export interface Thing extends Pick<PlanPosition, "kind" | "code"> {
  name: Name;
}

export interface Condition {
  severity: Severity | null;
  alerts: number;
  devices: number;
  silent: number;
}

/** A series as far as it matters here. */
export interface Sensed {
  device: string;
  place: string | null;
  stale: boolean;
}

export function condition(
  thing: Pick<Thing, "kind" | "code">,
  places: readonly Place[],
  alerts: Iterable<Alert>,
  series: readonly Sensed[],
): Condition {
  const inside = thing.kind === "place" ? within(places, thing.code) : null;
  const mine = ({ place, device }: { place: string | null; device: string | null }) =>
    inside === null ? device === thing.code : place !== null && inside.has(place);
  const own = [...alerts].filter((alert) => alert.cleared_at === null && mine(alert));
  const devices = new Map<string, boolean>();
  for (const each of series)
    if (mine(each)) devices.set(each.device, (devices.get(each.device) ?? true) && each.stale);
  return {
    severity: own.reduce<Severity | null>(
      (worst, { severity }) =>
        worst === null || rank(severity) > rank(worst) ? severity : worst,
      null,
    ),
    alerts: own.length,
    devices: devices.size,
    silent: [...devices.values()].filter(Boolean).length,
  };
}

export type Status = Severity | "none" | "normal";

/** Grey as long as nothing is wrong; no data when every device is silent. */
export function statusOf({ severity, devices, silent }: Condition): Status {
  if (severity !== null) return severity;
  return devices > 0 && silent === devices ? "none" : "normal";
}

export function clamped(share: number): number {
  return Math.round(Math.min(1, Math.max(0, share)) * 10_000) / 10_000;
}
