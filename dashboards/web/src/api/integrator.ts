/** What the integrator's and administrator's pages ask the API. */
import { address, all, get, post, put, remove, type Query } from "./client";
import type { Device, Name, Page, Park } from "./types";

const enc = encodeURIComponent;

export type EntryState = "open" | "replayed" | "discarded";

export interface ReplayResult {
  id: string;
  state: EntryState | null;
  stored: number;
  corrected: number;
  duplicate: number;
  kept: number;
  refused: number;
  reason: string | null;
  problem: string | null;
}

export interface Replayed {
  items: ReplayResult[];
}

export const replay = (ids: readonly string[], force: boolean) =>
  post<Replayed>("/quarantine/replay", { ids, force });

export const discard = (ids: readonly string[], note: string) =>
  post<Replayed>("/quarantine/discard", { ids, note });

export const quarantineTable = (query: Query) =>
  address("/quarantine", { ...query, format: "csv" });

export type Encoding = "auto" | "text" | "hex" | "base64";

export interface Sample {
  payload: string;
  encoding: Encoding;
  topic: string;
  options?: Record<string, string>;
}

export interface DecodeFormat {
  name: string;
  example: Sample | null;
}

export interface Reading {
  device: string | null;
  metric: string;
  value: number | null;
  unit: string | null;
  ts: string | null;
  quality: number;
  source: string;
}

export interface DecodedMessage {
  readings?: Reading[];
  message?: Record<string, unknown>;
  error?: { reason: string; detail: string; zh?: string; en?: string };
}

export interface Decoded {
  items: DecodedMessage[];
  problem: string | null;
}

export const formats = () => get<{ items: DecodeFormat[] }>("/decode/formats");

export const decode = (
  body: Sample & {
    format?: string;
    profile?: string;
    profile_language?: "toml" | "yaml";
  },
) => post<Decoded>("/decode", body);

export interface Profile {
  name: string;
  own: boolean;
  shipped: boolean;
  language: "toml" | "yaml";
  kind: string | null;
  description: string;
  problem: string | null;
}

export interface ProfileDetail extends Profile {
  text: string;
}

export const profiles = () => get<{ items: Profile[]; writable: boolean }>("/profiles");

export const profile = (name: string) => get<ProfileDetail>(`/profiles/${enc(name)}`);

export const putProfile = (
  name: string,
  body: { text: string; language: "toml" | "yaml"; sample: Sample | null },
) => put<{ kept: boolean; decoded: Decoded }>(`/profiles/${enc(name)}`, body);

export const removeProfile = (name: string) => remove<unknown>(`/profiles/${enc(name)}`);

export interface RegistryChange {
  kind: "added" | "changed" | "removed";
  table: string;
  park: string;
  key: string;
  before: Record<string, string>;
  after: Record<string, string>;
}

export interface RegistryDiff {
  items: RegistryChange[];
  problems: { where: string; text: string }[];
  applied: boolean;
}

export interface RegistryFile {
  name: string;
  text: string;
}

export const diffRegistry = (files: readonly RegistryFile[]) =>
  post<RegistryDiff>("/registry/diff", { files });

export const importRegistry = (files: readonly RegistryFile[]) =>
  post<RegistryDiff>("/registry/import", { files });

export const exportAddress = (park: string | null, format: "yaml" | "zip") =>
  address("/registry/export", { park, format });

export interface RegisteredDevice {
  code: string;
  kind: string;
  name: Name;
  place: string | null;
  report_interval_s: number;
  clock: "trusted" | "untrusted";
  aliases: string[];
  options: Record<string, string>;
  retired: boolean;
  discovered: boolean;
  revision: string;
  series: {
    metric: string;
    report_interval_s: number | null;
    calibrations: number;
  }[];
}

const registered = (park: string, code: string) =>
  `/parks/${enc(park)}/registry/devices/${enc(code)}`;

export const registeredDevice = (park: string, code: string) =>
  get<RegisteredDevice>(registered(park, code));

export type DeviceEdit = Omit<RegisteredDevice, "code" | "discovered" | "series">;

export const changeDevice = (park: string, code: string, body: DeviceEdit) =>
  put<RegisteredDevice>(registered(park, code), body);

export const PLACE_KINDS = [
  "area",
  "building",
  "machine_hall",
  "compartment",
  "river_section",
  "road",
  "field",
] as const;

export const COMPARTMENT_KINDS = ["water", "sewage", "gas", "heat", "power"] as const;

export interface RegisteredPlace {
  code: string;
  /** The service's own is a place, too, but nobody chooses that. */
  kind: (typeof PLACE_KINDS)[number] | "service";
  name: Name;
  parent: string | null;
  compartment: (typeof COMPARTMENT_KINDS)[number] | null;
  revision: string;
}

const registeredAt = (park: string, code: string) =>
  `/parks/${enc(park)}/registry/places/${enc(code)}`;

export const registeredPlace = (park: string, code: string) =>
  get<RegisteredPlace>(registeredAt(park, code));

export type PlaceEdit = Omit<RegisteredPlace, "code">;

export const changePlace = (park: string, code: string, body: PlaceEdit) =>
  put<RegisteredPlace>(registeredAt(park, code), body);

export const devices = (park: string, query: Query) =>
  get<Page<Device>>(`/parks/${enc(park)}/devices`, { limit: 200, ...query });

export interface Topic {
  filter: string;
  park: string;
  format: string;
  device_level: number | null;
  options: Record<string, string>;
}

export const topics = async () => (await get<Page<Topic>>("/registry/topics")).items;

export const addTopic = (body: Topic) => post<Topic>("/registry/topics", body);

export const removeTopic = (filter: string) =>
  post<unknown>("/registry/topics/remove", { filter });

export const PLATFORMS = ["ctwing", "onenet", "iotda"] as const;

export interface PushAccount {
  platform: string;
  name: string;
  park: string;
  signed: boolean;
  encrypted: boolean;
  options: Record<string, string>;
  created_at: string;
}

export const pushAccounts = async () =>
  (await get<Page<PushAccount>>("/registry/push-accounts")).items;

export const addPushAccount = (body: {
  platform: string;
  name: string;
  park: string;
  secret: string | null;
  aes_key: string | null;
  options: Record<string, string>;
}) => post<{ path: string; url: string }>("/registry/push-accounts", body);

export const removePushAccount = (platform: string, name: string) =>
  remove<unknown>(`/registry/push-accounts/${enc(platform)}/${enc(name)}`);

export interface System {
  status: "ready" | "degraded" | "unready";
  at: string;
  parts: { name: string; status: "ok" | "degraded" | "failed"; detail: string }[];
  versions: {
    parkpulse: string;
    python: string;
    postgresql: string;
    timescaledb: string | null;
    migration: string | null;
  };
  workers: {
    writer: string;
    started_at: string;
    seen_at: string;
    is_alive: boolean;
    is_connected: boolean;
    waiting: number;
    arrivals: number;
  }[];
  engines: { owner: string; until: string; slots: number }[];
  processes: {
    name: string;
    kind: "api" | "notify" | "watch";
    started_at: string;
    until: string;
  }[];
  consumers: { name: string; waiting: number; oldest_s: number | null }[];
  detector: { watched: number; followed: number; share: number };
  outbox: { pending: number; delivered: number; dead: number; oldest_s: number | null };
  ledger: {
    received: number;
    stored: number;
    duplicate: number;
    quarantined: number;
    dropped_by_broker: number;
    balanced: boolean;
  };
  storage: {
    database_bytes: number;
    folder_free_bytes: number | null;
    folder_total_bytes: number | null;
  };
}

export const system = () => get<System>("/system");

/** All parks, that of the service itself among them. */
export const everyPark = () => all<Park>("/parks", { service: true });

export type { Park };
