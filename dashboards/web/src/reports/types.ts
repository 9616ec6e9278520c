/** What the API answers about reports, targets and portfolios. */
import type { Kpi, Name } from "../api/types";

export type ReportKind = "inspection" | "monthly" | "quarterly";

export interface Report {
  id: string;
  park: string;
  data_centre: string | null;
  kind: ReportKind;
  period: string;
  made_at: string;
  made_by: string;
  /** Changes of its figures since it was made. */
  revised: number;
}

export interface Target {
  id: number;
  kpi: "pue" | "ref";
  comparison: "lt" | "ge";
  value: number;
  coverage_floor: number;
  valid_from: string;
  valid_to: string | null;
  commissioned_from: string | null;
  min_standard_racks: number;
  source: string;
  source_zh: string;
}

export interface Member extends Pick<
  Kpi,
  "category" | "start" | "end" | "value" | "coverage" | "verdict"
> {
  park: string;
  data_centre: string;
  name: Name;
}

export interface Portfolio {
  groups: { kpi: Kpi["kpi"]; members: Member[]; ratio_of_sums: number | null }[];
}
