/** Holds the types of the operator's pages against the API's own description. */
import type { Agree, Known } from "./agreement";
import type * as operator from "./operator-types";

export type Agreement = Agree<
  [
    Known<operator.WindowSum, "WindowSum">,
    Known<operator.GaugeRain, "GaugeRain">,
    Known<operator.Stage, "Stage">,
    Known<operator.GaugeLevel, "GaugeLevel">,
    Known<operator.Change, "Change">,
    Known<operator.Quantity, "Quantity">,
    Known<operator.Bound, "Bound">,
    Known<operator.Compartment, "Compartment">,
    Known<operator.PlanImage, "Image">,
    Known<operator.PlanPosition, "Position">,
    Known<operator.Plan, "Plan">,
    Known<operator.DeviceFinding, "DeviceFinding">,
    Known<operator.PortfolioMember, "Member">,
  ]
>;
