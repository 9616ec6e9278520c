/** How our types are held against the API's own description: a difference is a compile error. */
import type openapi from "../../../../api/openapi.json";

type Schemas = (typeof openapi)["components"]["schemas"];
type Fields<Name extends keyof Schemas> = Schemas[Name] extends { properties: infer Properties }
  ? keyof Properties
  : never;

/** True if every field of ours is one of the schema's; else it names the others. */
export type Known<Ours, Name extends keyof Schemas> = [keyof Ours] extends [Fields<Name>]
  ? true
  : { unknown: Exclude<keyof Ours, Fields<Name>>; in: Name };

export type Agree<All extends true[]> = All;
