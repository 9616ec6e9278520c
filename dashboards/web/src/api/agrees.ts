/**
 * Holds our types against the API's own description: every field that the page relies on must
 * be one of the schema's. Types only; a difference is a compile error in this file.
 */
import type { Agree, Known } from "./agreement";
import type * as api from "./types";

export type Agreement = Agree<
  [
    Known<api.Park, "Park">,
    Known<api.ParkDetail, "ParkDetail">,
    Known<api.Park["devices"], "DeviceCounts">,
    Known<api.Place, "Place">,
    Known<api.DataCentre, "DataCentre">,
    Known<api.Device, "Device">,
    Known<api.Series, "Series">,
    Known<api.Latest, "Latest">,
    Known<api.Metric, "Metric">,
    Known<api.Limit, "Limit">,
    Known<api.Range, "Range">,
    Known<api.Summary, "Summary">,
    Known<api.Kpi, "Kpi">,
    Known<api.Evidence, "Evidence">,
    Known<api.EvidenceMeter, "MeterEvidence">,
    Known<api.TargetRule, "Target">,
    Known<api.Revision, "KpiRevision">,
    Known<api.Finding, "Finding">,
    Known<api.ValueChange, "ValueChange">,
    Known<api.Projection, "Projection">,
    Known<api.WeatherNormalised, "WeatherNormalised">,
    Known<api.NormalisedMonth, "NormalisedMonth">,
    Known<api.Certificate, "AttributeRow">,
    Known<api.FlowNode, "FlowNode">,
    Known<api.FlowLink, "FlowLink">,
    Known<api.EnergyFlow, "EnergyFlow">,
    Known<api.BalanceRow, "BalanceRow">,
    Known<api.Balances, "Balances">,
    Known<api.Alert, "Alert">,
    Known<api.AlertDetail, "AlertDetail">,
    Known<api.AlertEvent, "AlertEvent">,
    Known<api.Delivery, "Delivery">,
    Known<api.Ledger, "Ledger">,
    Known<api.LedgerHour, "LedgerHour">,
    Known<api.LedgerCounts, "Counts">,
    Known<api.ReasonCount, "ReasonCount">,
    Known<api.Gap, "Gap">,
    Known<api.Gaps, "Gaps">,
    Known<api.Pause, "Pause">,
    Known<api.Quarantined, "Quarantined">,
    Known<api.QuarantinedDetail, "QuarantinedDetail">,
    Known<api.Scenario, "Scenario">,
    Known<api.Simulation, "Simulation">,
    Known<api.Problem, "Problem">,
  ]
>;
