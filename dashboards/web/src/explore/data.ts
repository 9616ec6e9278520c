/** What the explorer asks of the API. */
import { address, get } from "../api/client";
import * as endpoints from "../api/endpoints";
import type { Alert, Range } from "../api/types";
import type { Span } from "../chart/range";

export interface Statistics {
  readings: number;
  sum: number | null;
  mean: number | null;
  min: number | null;
  max: number | null;
  last: number | null;
}

export interface Explored extends Range {
  /** Epoch ms and worst flag of doubtful readings. */
  flags: [number, number][] | null;
  statistics: Statistics;
}

export const FORMATS = ["csv", "parquet", "xlsx"] as const;
export type FileFormat = (typeof FORMATS)[number];
export const RESOLUTIONS = ["raw", "1m", "1h", "1d"] as const;
export type Resolution = (typeof RESOLUTIONS)[number];

const WEEK_MS = 7 * 86_400_000;

const times = ({ start, end }: Span) => ({
  start: new Date(start).toISOString(),
  end: new Date(end).toISOString(),
});

export const range = (id: number, span: Span, points: number) =>
  get<Explored>(`/series/${id}/range`, { ...times(span), points });

/** Address of a file with exactly these series over this span. */
export function fileAddress(
  park: string,
  ids: readonly number[],
  span: Span,
  resolution: Resolution,
  format: FileFormat,
): string {
  const path = `/parks/${encodeURIComponent(park)}/export`;
  const chosen = ids.map((id) => `&series=${id}`).join("");
  return `${address(path, { ...times(span), resolution, format })}${chosen}`;
}

/** Alerts of devices that may reach into the span; those of the week before it too. */
export async function alerts(
  park: string,
  devices: readonly string[],
  span: Span,
): Promise<Alert[]> {
  const since = new Date(span.start - WEEK_MS).toISOString();
  const pages = await Promise.all(
    devices.map((device) =>
      endpoints.alerts(park, { state: "all", device, since, limit: 500 }),
    ),
  );
  return pages.flatMap((page) => page.items);
}
