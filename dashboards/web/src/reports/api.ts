/** The API's operations on reports, targets and certificates. */
import { address, all, get, post, remove } from "../api/client";
import type { Portfolio, Report, ReportKind, Target } from "./types";

const enc = encodeURIComponent;
const reportsOf = (park: string) => `/parks/${enc(park)}/reports`;
const ledgerOf = (park: string, centre: string) =>
  `/parks/${enc(park)}/data-centres/${enc(centre)}/certificates`;

export const reports = (park: string) => all<Report>(reportsOf(park), {}, 1000);

export interface NewReport {
  kind: ReportKind;
  period: string;
  data_centre: string | null;
  actor: string | null;
}
export const make = (park: string, body: NewReport) => post<Report>(reportsOf(park), body);

export const fileAddress = (
  { park, id }: Pick<Report, "park" | "id">,
  format: "pdf" | "xlsx",
  language: "zh" | "en",
) => address(`${reportsOf(park)}/${enc(id)}.${format}`, { language });

export const targets = () => all<Target>("/targets");
export type NewTarget = Omit<Target, "id" | "comparison" | "valid_to">;
export const addTarget = (body: NewTarget) => post<Target>("/targets", body);
export const endTarget = (id: number, valid_to: string) =>
  post<Target>("/targets/end", { id, valid_to });

export type NewCertificate = Record<string, string | number | null>;
export const putCertificates = (park: string, centre: string, items: NewCertificate[]) =>
  post<{ changed: number }>(ledgerOf(park, centre), { items });
export const removeCertificate = (park: string, centre: string, serial: string) =>
  remove<{ changed: number }>(`${ledgerOf(park, centre)}?serial=${enc(serial)}`);

export const portfolio = () => get<Portfolio>("/portfolio", { period: "rolling_12_months" });
