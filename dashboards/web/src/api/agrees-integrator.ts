/** Holds the types of `integrator.ts` against the API's own description, as `agrees.ts` does. */
import type openapi from "../../../../api/openapi.json";
import type * as api from "./integrator";

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
    Known<api.ReplayResult, "ReplayResult">,
    Known<api.Sample, "Messages">,
    Known<api.Decoded, "Decoded">,
    Known<api.ProfileDetail, "ProfileDetail">,
    Known<api.RegistryChange, "RegistryChange">,
    Known<api.RegistryDiff, "RegistryDiff">,
    Known<api.RegisteredDevice, "RegisteredDevice">,
    Known<api.DeviceEdit, "DeviceEdit">,
    Known<api.Topic, "Topic">,
    Known<api.PushAccount, "PushAccount">,
    Known<api.System, "System">,
    Known<api.System["versions"], "Versions">,
    Known<api.System["storage"], "Storage">,
  ]
>;
