/** One function for each thing that the page asks about alerts' handling and its settings. */
import { address, all, get, post, put, remove, type Query } from "./client";
import type * as desk from "./desk-types";
import type { Alert, Page } from "./types";

const enc = encodeURIComponent;

/** Who does something with an alert, what they say, and which version they saw. */
export interface Act {
  actor: string;
  comment: string;
  version?: number;
}

const act = (
  id: string,
  action: string,
  body: Act & { until?: string; assignee?: string | null },
) => post<Alert>(`/alerts/${enc(id)}/${action}`, body);

export const shelve = (id: string, body: Act, until: Date) =>
  act(id, "shelve", { ...body, until: until.toISOString() });

export const unshelve = (id: string, body: Act) => act(id, "unshelve", body);

export const outOfService = (id: string, body: Act) => act(id, "out-of-service", body);

export const inService = (id: string, body: Act) => act(id, "in-service", body);

export const assign = (id: string, body: Act, assignee: string | null) =>
  act(id, "assign", { ...body, assignee });

export const comment = (id: string, body: Act) => act(id, "comment", body);

export const tick = (id: string, actor: string, step: string, done: boolean) =>
  post<{ steps: desk.TickedStep[] }>(`/alerts/${enc(id)}/checklist`, { actor, step, done });

export const commands = (id: string) => get<desk.Commands>(`/alerts/${enc(id)}/commands`);

export const requestCommand = (
  id: string,
  body: { actor: string; code: string; comment: string },
) => post<desk.Command>(`/alerts/${enc(id)}/commands`, body);

export const alert = (id: string) => get<desk.FullAlert>(`/alerts/${enc(id)}`);

export const alerts = (park: string, query: Query) =>
  get<Page<Alert>>(`/parks/${enc(park)}/alerts`, query);

export const alertsCsvAddress = (park: string, query: Query) =>
  address(`/parks/${enc(park)}/alerts`, { ...query, format: "csv" });

export const escalations = (park: string) =>
  get<Page<desk.Escalation>>(`/parks/${enc(park)}/escalations`);

export const performance = (park: string, start: Date, end: Date, place: string | null) =>
  get<desk.Performance>(`/parks/${enc(park)}/alerts/performance`, {
    start: start.toISOString(),
    end: end.toISOString(),
    place,
  });

export const rules = (park: string) => all<desk.Rule>("/rules", { park });

export const rule = (id: number) => get<desk.RuleDetail>(`/rules/${id}`);

/** A remark and the version that was seen. */
export interface Change {
  actor: string;
  note: string;
  version: number;
}

export const createRule = (
  draft: desk.RuleDraft,
  park: string | null,
  change: Omit<Change, "version">,
) => post<desk.Rule>("/rules", { ...draft, park, ...change });

export const replaceRule = (id: number, draft: desk.RuleDraft, change: Change) =>
  put<desk.Rule>(`/rules/${id}`, { ...draft, ...change });

export const switchRule = (id: number, on: boolean, change: Change) =>
  post<desk.Rule>(`/rules/${id}/${on ? "enable" : "disable"}`, change);

export const backtest = (
  draft: desk.RuleDraft,
  park: string | null,
  span: { start: Date; end: Date },
) =>
  post<desk.Backtest>("/rules/backtest", {
    ...draft,
    park,
    start: span.start.toISOString(),
    end: span.end.toISOString(),
  });

export const channels = () => all<desk.Channel>("/channels");

export const addChannel = (channel: desk.NewChannel) =>
  post<desk.Channel & { secret: string | null }>("/channels", channel);

export const changeChannel = (name: string, draft: desk.ChannelDraft, version: number) =>
  put<desk.Channel>(`/channels/${enc(name)}`, { ...draft, version });

export const removeChannel = (name: string) =>
  remove<{ name: string; removed: boolean }>(`/channels/${enc(name)}`);

export const testChannel = (name: string) =>
  post<desk.TestResult>(`/channels/${enc(name)}/test`, {});

export const deliveries = (query: Query) => get<Page<desk.Outgoing>>("/deliveries", query);

export const resend = (which: { message: string } | { channel: string }) =>
  post<{ resent: number }>("/deliveries/resend", which);

export const onDuty = (park: string, at?: Date) =>
  get<desk.OnDuty>(`/parks/${enc(park)}/duty`, { at: at?.toISOString() });

export const dutyPlan = (park: string) => get<desk.StoredDuty>(`/parks/${enc(park)}/duty/plan`);

export const putDutyPlan = (
  park: string,
  plan: desk.DutyPlan,
  actor: string,
  version: number,
) => put<desk.StoredDuty>(`/parks/${enc(park)}/duty/plan`, { plan, actor, version });

export const substitute = (
  park: string,
  body: Omit<desk.Substitution, "person"> & {
    person?: string | null;
    roster: string;
    actor: string;
  },
) => post<desk.StoredDuty>(`/parks/${enc(park)}/duty/substitutions`, body);

export const windows = (park: string, past: boolean) =>
  get<Page<desk.MaintenanceWindow>>(`/parks/${enc(park)}/maintenance`, { past });

export const openWindow = (park: string, window: desk.NewWindow) =>
  post<desk.MaintenanceWindow>(`/parks/${enc(park)}/maintenance`, window);

export const endWindow = (park: string, id: number, by: string) =>
  post<desk.MaintenanceWindow>(`/parks/${enc(park)}/maintenance/${id}/end`, { by });

export const suppressions = (park: string) =>
  get<Page<desk.Suppression>>(`/parks/${enc(park)}/suppressions`);

export const suppress = (
  park: string,
  body: Pick<desk.Suppression, "rule" | "cause_rule" | "within" | "reason" | "by">,
) => post<Page<desk.Suppression>>(`/parks/${enc(park)}/suppressions`, body);

export const unsuppress = (park: string, id: number) =>
  remove<Page<desk.Suppression>>(`/parks/${enc(park)}/suppressions/${id}`);

export const responsePlan = (park: string, rule: string) =>
  get<desk.ResponsePlan>(`/parks/${enc(park)}/response-plans/${enc(rule)}`);

export const putResponsePlan = (
  park: string,
  rule: string,
  body: {
    actor: string;
    steps: desk.PlanStep[];
    commands: desk.PlannedCommand[];
  },
) => put<desk.ResponsePlan>(`/parks/${enc(park)}/response-plans/${enc(rule)}`, body);
