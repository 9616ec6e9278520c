/** What the address can name, each fetched when it is first opened. */
import type { PageName, Route } from "../lib/route";
import type { Session } from "../state/session.svelte";
import type { Load } from "./load";

const overview: Load = () => import("../overview/Overview.svelte");
const storm: Load = () => import("../pages/StormPage.svelte");
const tunnel: Load = () => import("../pages/TunnelPage.svelte");
const plan: Load = () => import("../pages/PlanPage.svelte");
const place: Load = () => import("../pages/PlacePage.svelte");
const seriesList: Load = () => import("../pages/SeriesListPage.svelte");
const series: Load = () => import("../pages/SeriesPage.svelte");
const explore: Load = () => import("../explore/ExplorePage.svelte");
const centre: Load = () => import("../pages/DataCentrePage.svelte");
const reports: Load = () => import("../pages/ReportsPage.svelte");
const alerts: Load = () => import("../pages/AlertsPage.svelte");
const alert: Load = () => import("../pages/AlertPage.svelte");
const devices: Load = () => import("../pages/DevicesPage.svelte");
const device: Load = () => import("../pages/DevicePage.svelte");
const ledger: Load = () => import("../pages/LedgerPage.svelte");
const quarantine: Load = () => import("../pages/QuarantinePage.svelte");
const quarantined: Load = () => import("../pages/QuarantinedPage.svelte");
const settings: Load = () => import("../pages/SettingsPage.svelte");

export const province: Load = () => import("../pages/ProvincePage.svelte");

export interface Screen {
  load: Load;
  props?: Record<string, unknown>;
}

const LISTS: Record<PageName, Load> = {
  overview,
  storm,
  tunnel,
  plan,
  places: plan,
  series: seriesList,
  explore,
  "data-centres": centre,
  reports,
  alerts,
  devices,
  ledger,
  quarantine,
  settings,
};

/** Screens of one thing, and the property that says which. */
const ONES: Partial<Record<PageName, { load: Load; key: "code" | "id" }>> = {
  places: { load: place, key: "code" },
  series: { load: series, key: "id" },
  alerts: { load: alert, key: "id" },
  devices: { load: device, key: "code" },
  quarantine: { load: quarantined, key: "id" },
};

/** Screen of an address. */
export function screenOf({ page, id }: Route): Screen {
  if (page === "data-centres") return { load: centre, props: { code: id } };
  if (page === "settings") return { load: settings, props: { id } };
  const one = id === null ? undefined : ONES[page];
  if (one === undefined) return { load: LISTS[page] };
  return { load: one.load, props: { [one.key]: page === "series" ? Number(id) : id } };
}

/** What must be known of the park before a screen says something. */
const NEEDS: Partial<Record<PageName, "nothing" | "park" | "some">> = {
  settings: "nothing",
  alerts: "park",
  "data-centres": "park",
  reports: "park",
  ledger: "park",
  quarantine: "park",
  overview: "some",
  storm: "some",
  tunnel: "some",
  plan: "some",
};

export function isReady({ page, id }: Route, session: Session): boolean {
  const needs = NEEDS[page];
  // An alert waits for the park itself, and asks for what it needs meanwhile.
  if (needs === "nothing" || (page === "alerts" && id !== null)) return true;
  if (session.park === null) return false;
  if (needs === "park") return true;
  return needs === "some" ? session.ready : session.whole;
}
