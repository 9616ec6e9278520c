/** Series of a tunnel as a table: a row for each place, a column for each metric. */
import type { Name, Series } from "../api/types";

/** Columns in the order in which people ask for them before they go down. */
const ORDER = [
  "oxygen",
  "methane",
  "hydrogen_sulfide",
  "carbon_monoxide",
  "air_temperature",
  "relative_humidity",
  "sump_level",
  "hatch_open",
  "fan_running",
  "pump_running",
];

export interface Row<T> {
  key: string;
  place: string | null;
  device: Name;
  /** A row of one device: its place has another with the same metrics, or there is no place. */
  byDevice: boolean;
  cells: (T | null)[];
}

export interface Matrix<T> {
  columns: Series[];
  rows: Row<T>[];
}

export function matrix<T extends { info: Series }>(all: readonly T[]): Matrix<T> {
  const columns = columnsOf(all.map((each) => each.info));
  const places = groupBy(all, (each) => each.info.place ?? `\n${each.info.device}`);
  const rows = [...places.values()].flatMap((members) =>
    crowded(members)
      ? [...groupBy(members, (each) => each.info.device).values()].map((own) =>
          row(own, columns, true),
        )
      : [row(members, columns, members[0]?.info.place == null)],
  );
  return { columns, rows };
}

function columnsOf(all: Series[]): Series[] {
  const first = new Map<string, Series>();
  for (const info of all) if (!first.has(info.metric)) first.set(info.metric, info);
  const place = (metric: string) =>
    ORDER.includes(metric) ? ORDER.indexOf(metric) : ORDER.length;
  return [...first.values()].sort((a, b) => place(a.metric) - place(b.metric));
}

function crowded(members: readonly { info: Series }[]): boolean {
  return new Set(members.map((each) => each.info.metric)).size < members.length;
}

function row<T extends { info: Series }>(
  members: T[],
  columns: Series[],
  byDevice: boolean,
): Row<T> {
  const first = members[0]?.info;
  return {
    key: `${first?.place ?? ""}/${byDevice ? (first?.device ?? "") : ""}`,
    place: first?.place ?? null,
    device: first?.device_name ?? { zh: "", en: "" },
    byDevice,
    cells: columns.map(
      (column) => members.find((each) => each.info.metric === column.metric) ?? null,
    ),
  };
}

function groupBy<T>(all: readonly T[], key: (each: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const each of all) {
    const group = groups.get(key(each));
    if (group === undefined) groups.set(key(each), [each]);
    else group.push(each);
  }
  return groups;
}
