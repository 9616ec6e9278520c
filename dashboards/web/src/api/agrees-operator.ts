/** Holds the types of the operator's pages against the API's own description. */
import type openapi from "../../../../api/openapi.json";
import type * as operator from "./operator-types";

type Schemas = (typeof openapi)["components"]["schemas"];
type Fields<Name extends keyof Schemas> = Schemas[Name] extends { properties: infer Properties }
  ? keyof Properties
  : never;
type Known<Ours, Name extends keyof Schemas> = [keyof Ours] extends [Fields<Name>]
  ? true
  : { unknown: Exclude<keyof Ours, Fields<Name>>; in: Name };
type Agree<All extends true[]> = All;

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
