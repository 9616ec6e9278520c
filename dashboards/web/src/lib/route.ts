/** The address's fragment, which holds the whole state: `#/{park}/{page}/{id}?{query}`. */

export const PAGES = [
  "overview",
  "storm",
  "tunnel",
  "plan",
  "places",
  "series",
  "explore",
  "data-centres",
  "reports",
  "alerts",
  "devices",
  "ledger",
  "quarantine",
  "settings",
] as const;
export type PageName = (typeof PAGES)[number];

export interface Route {
  park: string | null;
  page: PageName;
  id: string | null;
  query: Record<string, string>;
}

export function parseRoute(fragment: string): Route {
  const [path = "", query = ""] = fragment.replace(/^#?\/?/, "").split("?", 2);
  const [park, page, id] = path.split("/").map(decode);
  return {
    park: park === "" ? null : (park ?? null),
    page: PAGES.find((name) => name === page) ?? "overview",
    id: id === "" ? null : (id ?? null),
    query: Object.fromEntries(new URLSearchParams(query)),
  };
}

/** Fragment of a route; parameters that are null or empty are left out. */
export function link(
  park: string,
  page: PageName = "overview",
  id?: string | number | null,
  query: Record<string, string | null> = {},
): string {
  const path = [park];
  if (page !== "overview") path.push(page);
  if (id != null) path.push(String(id));
  const given = Object.entries(query).filter(
    (entry): entry is [string, string] => entry[1] !== null && entry[1] !== "",
  );
  const text = new URLSearchParams(given).toString();
  return `#/${path.map(encodeURIComponent).join("/")}${text === "" ? "" : `?${text}`}`;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
