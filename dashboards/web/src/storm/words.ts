/** Times to a stage as people say them. */
import { i18n } from "../i18n/i18n.svelte";

const HOUR_S = 3600;

export function duration(hours: number): string {
  return i18n.format.duration(hours * HOUR_S);
}

/** "in about 40 min" */
export function inTime(hours: number): string {
  return i18n.t.operator.storm.inTime(duration(hours));
}
