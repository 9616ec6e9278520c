/** What stands beside a strip's title. */
import { i18n } from "../i18n/i18n.svelte";
import type { LiveSeries } from "../state/live-series.svelte";

/** "7 points · last 6 h · 1 old" */
export function stripNote(rows: LiveSeries[], now: number): string {
  if (rows.length === 0) return "";
  const { t, format } = i18n;
  const hours = (rows[0]?.spanMs ?? 0) / 3_600_000;
  const stale = rows.filter((each) => each.isStale(now)).length;
  const parts = [
    t.strip.points(format.number(rows.length)),
    t.strip.past(format.number(hours)),
  ];
  if (stale > 0) parts.push(t.strip.stale(format.number(stale)));
  return parts.join(" · ");
}
