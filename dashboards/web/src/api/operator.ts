/** One function for each thing that the operator's pages ask. */
import { address, get, put, remove } from "./client";
import type * as operator from "./operator-types";

const of = (park: string) => `/parks/${encodeURIComponent(park)}`;

interface At<T> {
  at: string;
  items: T[];
}

export const rain = (park: string) => get<At<operator.GaugeRain>>(`${of(park)}/rain`);

export const levels = (park: string) => get<At<operator.GaugeLevel>>(`${of(park)}/levels`);

export const changes = (park: string) =>
  get<{ start: string; end: string; items: operator.Change[] }>(`${of(park)}/changes`);

export const tunnel = (park: string) => get<At<operator.Compartment>>(`${of(park)}/tunnel`);

export const findings = (park: string) =>
  get<{ items: operator.DeviceFinding[] }>(`${of(park)}/device-findings`);

export const plan = (park: string) => get<operator.Plan>(`${of(park)}/plan`);

/** Address of the drawing; it changes with the drawing. */
export const planImage = (park: string, image: operator.PlanImage) =>
  address(`${of(park)}/plan/image`, { v: image.updated_at });

export const putPlan = (park: string, kind: operator.PlanImage["source"], content: string) =>
  put<operator.Plan>(`${of(park)}/plan`, { kind, content });

export const removePlan = (park: string) => remove<operator.Plan>(`${of(park)}/plan`);

export const putPositions = (park: string, items: operator.PlanPosition[]) =>
  put<operator.Plan>(`${of(park)}/plan/positions`, { items });

export const portfolio = () =>
  get<operator.Portfolio>("/portfolio", { period: "rolling_12_months" });
