/** What the strips of the overview hold. */
import { rank } from "../lib/band";
import type { LiveSeries } from "../state/live-series.svelte";
import type { Session } from "../state/session.svelte";

/** Lines of a strip; what is more stands in the list of all. */
export const MOST_LINES = 24;

/** How bad it is with a series: 0 where nothing is wrong. */
export function trouble(session: Session, series: LiveSeries): number {
  const severity = session.troubles.get(series.info.id);
  return severity === undefined ? 0 : rank(severity) + 1;
}
