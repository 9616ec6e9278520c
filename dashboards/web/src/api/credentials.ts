/** Credentials of devices at the broker. */
import { all, post } from "./client";

export interface Credential {
  subject: string;
  kind: "device" | "gateway" | "service";
  username: string;
  state: "in_force" | "ending" | "ended";
  devices: string[];
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
}

export interface IssuedCredential {
  subject: string;
  username: string;
  password: string;
}

export interface IssuedCredentials {
  items: IssuedCredential[];
  left: number;
}

const PATH = "/registry/credentials";

export const credentials = (park: string, ended: boolean) =>
  all<Credential>(PATH, { park, ended });

export const issue = (body: { devices: string[]; gateway: string | null }) =>
  post<IssuedCredentials>(PATH, body);

/** For each device of a park that has none. */
export const issueRest = (park: string) => post<IssuedCredentials>(PATH, { park });

export const rotate = (subject: string, overlap_s: number) =>
  post<IssuedCredential>(`${PATH}/rotate`, { subject, overlap_s });

export const revoke = (subject: string) =>
  post<{ revoked: number }>(`${PATH}/revoke`, { subject });
