/** Holds the types of `integrator.ts` against the API's own description, as `agrees.ts` does. */
import type { Agree, Known } from "./agreement";
import type * as credentials from "./credentials";
import type * as api from "./integrator";

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
    Known<api.RegisteredPlace, "RegisteredPlace">,
    Known<api.PlaceEdit, "PlaceEdit">,
    Known<api.Topic, "Topic">,
    Known<api.PushAccount, "PushAccount">,
    Known<credentials.Credential, "Credential">,
    Known<credentials.IssuedCredentials, "IssuedCredentials">,
    Known<api.System, "System">,
    Known<api.System["versions"], "Versions">,
    Known<api.System["storage"], "Storage">,
  ]
>;
