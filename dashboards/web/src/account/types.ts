/** Accounts as the API tells of them. */

export type Role = "viewer" | "operator" | "manager" | "admin";
export const ROLES: readonly Role[] = ["viewer", "operator", "manager", "admin"];

export type Right =
  | "read"
  | "own"
  | "acknowledge"
  | "maintain"
  | "train"
  | "edit_rules"
  | "edit_duty"
  | "edit_targets"
  | "edit_certificates"
  | "report"
  | "write_readings"
  | "see_channels"
  | "channels"
  | "users"
  | "tokens"
  | "audit"
  | "registry"
  | "quarantine"
  | "system";

export interface Myself {
  name: string;
  display_name: string;
  mobile: string;
  language: "zh" | "en";
  role: Role;
  parks: string[] | null;
}

export interface Me {
  mode: "open" | "set_up" | "login" | "user";
  user: Myself | null;
  rights: Right[];
}

export interface User extends Myself {
  enabled: boolean;
  created_at: string;
  password_at: string;
  last_login_at: string | null;
  version: number;
}

export interface OwnSession {
  id: number;
  created_at: string;
  seen_at: string;
  expires_at: string;
  address: string;
  agent: string;
  current: boolean;
}

export interface Token {
  id: number;
  name: string;
  user: string;
  hint: string;
  scopes: string[];
  created_at: string;
  created_by: string;
  expires_at: string;
  seen_at: string | null;
  revoked_at: string | null;
}

export interface AuditEntry {
  id: number;
  at: string;
  who: string;
  display_name: string;
  way: "open" | "session" | "token" | "command" | "link";
  token: string | null;
  address: string;
  action: string;
  object: string;
  park: string | null;
  before: unknown;
  after: unknown;
}
