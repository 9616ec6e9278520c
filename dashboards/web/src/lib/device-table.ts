/** Which devices the service is asked for when its table is downloaded. */
import type { Query } from "../api/client";

/** Troubles that are filters of the service too. */
const KNOWN: Partial<Record<string, Query>> = {
  silent: { silent: true },
  discovered: { state: "discovered" },
};
const ORDERS = new Set(["name", "code", "kind", "place", "last_ts"]);

/**
 * The filters and the order of the list as the service knows them; null where it lacks one: a
 * finding, or a text, which the list looks for in every column.
 */
export function tableQuery(param: (name: string) => string | null): Query | null {
  const wrong = param("silent") === "true" ? "silent" : (param("wrong") ?? "");
  const trouble = wrong === "" ? {} : KNOWN[wrong];
  const state = param("state");
  if (trouble === undefined || (param("q") ?? "") !== "") return null;
  if (state !== null && trouble.state !== undefined && trouble.state !== state) return null;
  const sort = param("sort") ?? "";
  return {
    state,
    kind: param("kind"),
    place: param("place"),
    sort: ORDERS.has(sort.replace(/^-/, "")) ? sort : null,
    ...trouble,
  };
}
