/** The API's operations on accounts. */
import { address, get, post, put, remove, type Query } from "../api/client";
import type { Page } from "../api/types";
import type { AuditEntry, Me, Myself, OwnSession, Token, User } from "./types";

const enc = encodeURIComponent;

export const me = () => get<Me>("/me");
export const logIn = (name: string, password: string) => post<Me>("/login", { name, password });
export const logOut = () => post<unknown>("/logout", {});

export interface First {
  token: string;
  name: string;
  display_name: string;
  password: string;
  language: "zh" | "en";
}
export const setUp = (first: First) => post<Me>("/setup", first);

export const changeMe = (body: Pick<Myself, "display_name" | "mobile" | "language">) =>
  put<Me>("/me", body);
export const changePassword = (current_password: string, new_password: string) =>
  post<{ ended: number }>("/me/password", { current_password, new_password });
export const sessions = () => get<Page<OwnSession>>("/me/sessions");
export const endSession = (id: number) => remove<unknown>(`/me/sessions/${String(id)}`);

export type Profile = Pick<User, "display_name" | "mobile" | "language" | "role" | "parks">;
export const users = () => get<Page<User>>("/users", { limit: 1000 });
export const addUser = (body: Profile & { name: string; password: string }) =>
  post<User>("/users", body);
export const changeUser = (
  name: string,
  body: Profile & { enabled: boolean; version: number },
) => put<User>(`/users/${enc(name)}`, body);
export const resetPassword = (name: string, password: string) =>
  post<{ ended: number }>(`/users/${enc(name)}/password`, { password });

export const tokens = () => get<Page<Token>>("/tokens", { limit: 1000 });
export const addToken = (body: {
  name: string;
  user: string | null;
  scopes: string[];
  expires_at: string;
}) => post<Token & { token: string }>("/tokens", body);
export const revokeToken = (id: number) => remove<Token>(`/tokens/${String(id)}`);

export const audit = (query: Query) => get<Page<AuditEntry>>("/audit", query);
export const auditActions = () => get<Page<string>>("/audit/actions");
export const auditTable = (query: Query) => address("/audit", { ...query, format: "csv" });
