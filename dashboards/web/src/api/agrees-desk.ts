/** Holds the types of `desk-types.ts` against the API's own description, as `agrees.ts` does. */
import type { Agree, Known } from "./agreement";
import type * as desk from "./desk-types";

export type Agreement = Agree<
  [
    Known<desk.FullAlert, "AlertDetail">,
    Known<desk.TickedStep, "TickedStep">,
    Known<desk.Escalation, "Escalation">,
    Known<desk.Rule, "Rule">,
    Known<desk.RuleDetail, "RuleDetail">,
    Known<desk.RuleVersion, "RuleVersion">,
    Known<desk.Backtest, "Backtest">,
    Known<desk.Occurrence, "Occurrence">,
    Known<desk.Channel, "Channel">,
    Known<desk.ChannelOptions, "ShownOptions">,
    Known<desk.NewChannel, "NewChannel">,
    Known<desk.ChannelDraft, "ChangedChannel">,
    Known<desk.TestResult, "TestResult">,
    Known<desk.Outgoing, "Outgoing">,
    Known<desk.OnDuty, "OnDuty">,
    Known<desk.Suppression, "Suppression">,
    Known<desk.NewWindow, "NewWindow">,
    Known<desk.Performance, "Performance">,
    Known<desk.ResponsePlan, "ResponsePlan">,
    Known<desk.PlannedCommand, "Planned">,
    Known<desk.Command, "Command">,
    Known<desk.Commands, "Commands">,
  ]
>;
