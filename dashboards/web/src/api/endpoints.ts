/** One function for each thing that the page asks the API. */
import { address, all, get, post, remove, type Query } from "./client";
import type * as api from "./types";

const enc = encodeURIComponent;

export const parks = () => all<api.Park>("/parks");

export const park = (code: string) => get<api.ParkDetail>(`/parks/${enc(code)}`);

export const seriesPage = (park: string, cursor: string | null) =>
  get<api.Page<api.Series>>(`/parks/${enc(park)}/series`, { limit: 1000, cursor });

export const seriesCsvAddress = (park: string, query: Query) =>
  address(`/parks/${enc(park)}/series`, { ...query, format: "csv" });

/** What the device of an alert measures. */
export const seriesOfAlert = (park: string, alert: string) =>
  all<api.Series>(`/parks/${enc(park)}/series`, { alert });

/** `alert`: only the values of that alert's device. */
export const streamAddress = (park: string, alert: string | null) =>
  address(`/parks/${enc(park)}/stream${alert === null ? "" : `?alert=${enc(alert)}`}`);

interface Span {
  start: Date;
  end: Date;
}

const span = ({ start, end }: Span): Query => ({
  start: start.toISOString(),
  end: end.toISOString(),
});

export const range = (id: number, of: Span, points: number, signal?: AbortSignal) =>
  get<api.Range>(`/series/${id}/range`, { ...span(of), points }, signal);

export const rangeCsvAddress = (id: number, of: Span) =>
  address(`/series/${id}/range`, { ...span(of), format: "csv" });

export const summary = (id: number, of: Span, windows: number[], signal?: AbortSignal) =>
  get<api.Summary>(
    `/series/${id}/summary`,
    { ...span(of), windows: windows.join(",") },
    signal,
  );

/** Oldest first. */
export const findings = (id: number, of: Span, limit: number) =>
  get<api.Page<api.Finding>>(`/series/${id}/quality`, { ...span(of), limit });

const centre = (park: string, code: string) => `/parks/${enc(park)}/data-centres/${enc(code)}`;

export const kpiSummary = (park: string, code: string) =>
  all<api.Kpi>(`${centre(park, code)}/kpis/summary`);

export const kpis = (
  park: string,
  code: string,
  query: { kpi: api.KpiName; category: number; period: api.Period } & Partial<Span>,
) => {
  const { start, end, ...rest } = query;
  return all<api.Kpi>(`${centre(park, code)}/kpis`, {
    ...rest,
    start: start?.toISOString(),
    end: end?.toISOString(),
  });
};

export const revisions = (park: string, code: string) =>
  all<api.Revision>(`${centre(park, code)}/kpis/revisions`, {}, 1000);

export const projection = (park: string, code: string, kpi: "pue" | "ref") =>
  get<api.Projection>(`${centre(park, code)}/projection`, { kpi });

export const weatherNormalised = (park: string, code: string) =>
  get<api.WeatherNormalised>(`${centre(park, code)}/weather-normalised`);

export const certificates = (park: string, code: string) =>
  all<api.Certificate>(`${centre(park, code)}/certificates`);

export const energyFlow = (park: string, code: string, of: Span) =>
  get<api.EnergyFlow>(`${centre(park, code)}/energy-flow`, span(of));

export const balance = (park: string, code: string, of: Span) =>
  get<api.Balances>(`${centre(park, code)}/balance`, span(of));

export const alerts = (park: string, query: Query) =>
  get<api.Page<api.Alert>>(`/parks/${enc(park)}/alerts`, query);

export const alert = (id: string) => get<api.AlertDetail>(`/alerts/${enc(id)}`);

export const acknowledge = (id: string, actor: string, comment: string, version: number) =>
  post<api.Alert>(`/alerts/${enc(id)}/acknowledge`, { actor, comment, version });

export const devices = (park: string, query: Query) =>
  get<api.Page<api.Device>>(`/parks/${enc(park)}/devices`, query);

/** Address of all devices that the filters leave, as a table. */
export const deviceTable = (park: string, query: Query) =>
  address(`/parks/${enc(park)}/devices`, { ...query, format: "csv" });

export const gaps = (park: string) => get<api.Gaps>("/ledger/gaps", { park });

export const pauses = (park: string) =>
  get<{ items: api.Pause[] }>(`/parks/${enc(park)}/pauses`);

export const ledger = (park: string, of: Span) =>
  get<api.Ledger>("/ledger", { park, ...span(of) });

export const quarantine = (query: Query) =>
  get<api.Page<api.Quarantined>>("/quarantine", query);

export const quarantined = (id: string) => get<api.QuarantinedDetail>(`/quarantine/${enc(id)}`);

export const scenarios = () => all<api.Scenario>("/simulation/scenarios");

export const simulation = () => get<api.Simulation>("/simulation");

export const startSimulation = (scenario: string, speed: number) =>
  post<api.Simulation>("/simulation", { scenario, speed });

export const stopSimulation = () => remove<api.Simulation>("/simulation");
