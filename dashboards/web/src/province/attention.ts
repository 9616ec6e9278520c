/** Which park needs somebody first. */
import type { Park, Severity } from "../api/types";

const WEIGHTS: Record<Severity, number> = { critical: 1000, high: 100, medium: 10, low: 1 };

/** Alerts count by severity; silent devices less than any alert. */
export function attention({ alerts, devices }: Park): number {
  const weighed = Object.entries(WEIGHTS).reduce(
    (sum, [severity, weight]) => sum + alerts[severity as Severity] * weight,
    0,
  );
  return weighed + (devices.total === 0 ? 0 : devices.silent / (devices.total + 1));
}

export function byAttention(parks: readonly Park[]): Park[] {
  return [...parks].sort((a, b) => attention(b) - attention(a) || a.code.localeCompare(b.code));
}

export function worstOf({ alerts }: Park): Severity | null {
  const order = Object.keys(WEIGHTS) as Severity[];
  return order.find((severity) => alerts[severity] > 0) ?? null;
}
