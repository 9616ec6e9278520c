/** HTTP as the API speaks it: JSON in and out, problems as exceptions. */
import type { Page, Problem } from "./types";

export type ValueProblem = NonNullable<Problem["errors"]>[number];

export const BASE = "/api/v1";

export type Query = Record<string, string | number | boolean | null | undefined>;

/** The API answered with a problem, or could not be reached (`status` 0). */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  /** What is wrong with single values, by their JSON pointer. */
  readonly errors: readonly ValueProblem[];

  constructor(
    status: number,
    code: string,
    detail: string,
    errors: readonly ValueProblem[] = [],
  ) {
    super(detail);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.errors = errors;
  }
}

const PASSING = new Set([0, 429, 502, 503, 504]);

/** Whether asking again in a while may well succeed: the service is away, or busy. */
export function isPassing(error: unknown): boolean {
  return (
    error instanceof ApiError && PASSING.has(error.status) && error.code !== "query_too_slow"
  );
}

/** Address of an end-point; values that are null, undefined or empty are left out. */
export function address(path: string, query: Query = {}): string {
  const given = Object.entries(query).filter(([, value]) => value != null && value !== "");
  const text = new URLSearchParams(
    given.map(([key, value]) => [key, String(value)]),
  ).toString();
  return `${BASE}${path}${text === "" ? "" : `?${text}`}`;
}

/** Answers that were asked for before they were needed, by address; each is taken once. */
const early = new Map<string, Promise<unknown>>();
const EARLY_MS = 5_000;
/** What has not been answered by then will not be. */
const PATIENT_MS = 60_000;
let isEarly = false;

/** Does what asks the API now, so that the same questions are answered sooner later on. */
export function ahead(ask: () => void): void {
  isEarly = true;
  ask();
  isEarly = false;
  // What nobody has come for would be old.
  setTimeout(() => {
    early.clear();
  }, EARLY_MS);
}

/** `signal` cancels; a cancelled request rejects with an `AbortError`. */
export async function get<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> {
  const url = address(path, query);
  const known = early.get(url) as Promise<T> | undefined;
  early.delete(url);
  const asked = known ?? request<T>(url, { signal: signal ?? AbortSignal.timeout(PATIENT_MS) });
  if (isEarly) keep(url, asked);
  return asked;
}

function keep(url: string, asked: Promise<unknown>): void {
  asked.catch(() => undefined);
  early.set(url, asked);
}

const JSON_SENT = { "Content-Type": "application/json" };

export async function post<T>(path: string, body: unknown): Promise<T> {
  return request<T>(address(path), {
    method: "POST",
    headers: JSON_SENT,
    body: JSON.stringify(body),
  });
}

export async function put<T>(path: string, body: unknown): Promise<T> {
  return request<T>(address(path), {
    method: "PUT",
    headers: JSON_SENT,
    body: JSON.stringify(body),
  });
}

/** `DELETE`; the service takes changes only with the content type that foreign forms lack. */
export async function remove<T>(path: string): Promise<T> {
  return request<T>(address(path), { method: "DELETE", headers: JSON_SENT });
}

/** Every page of a list, up to `most` items. */
export async function all<T>(path: string, query: Query = {}, most = 20_000): Promise<T[]> {
  let items: T[] = [];
  for await (const page of pages<T>(path, query)) {
    items = [...items, ...page];
    if (items.length >= most) break;
  }
  return items;
}

/** The pages of a list one by one, to the last. */
export async function* pages<T>(path: string, query: Query = {}): AsyncGenerator<T[]> {
  let cursor: string | null = null;
  do {
    const page: Page<T> = await get(path, { limit: 1000, ...query, cursor });
    yield page.items;
    cursor = page.next;
  } while (cursor !== null);
}

type LoginNeeded = () => void;
let loginNeeded: LoginNeeded = () => undefined;

/** What is called when the service asks for a login. */
export function whenLoginIsNeeded(told: LoginNeeded): void {
  loginNeeded = told;
}

async function request<T>(url: string, init: RequestInit): Promise<T> {
  const headers = new Headers(init.headers);
  headers.set("Accept", "application/json, application/problem+json");
  headers.set("Accept-Language", document.documentElement.lang);
  return answered<T>(await reach(url, { ...init, headers }));
}

async function answered<T>(response: Response): Promise<T> {
  if (!response.ok) {
    const failed = await failure(response);
    if (failed.code === "login_required") loginNeeded();
    throw failed;
  }
  return (await response.json()) as T;
}

async function reach(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "unreachable", "");
  }
}

async function failure(response: Response): Promise<ApiError> {
  const problem = (await response.json().catch(() => ({}))) as Partial<Problem>;
  const detail = problem.errors?.[0]?.detail ?? problem.detail ?? problem.title ?? "";
  return new ApiError(response.status, problem.code ?? "", detail, problem.errors ?? []);
}

// `early.js` has asked this while the script was loaded.
const { parkpulseMe } = globalThis as { parkpulseMe?: Promise<Response> };
if (parkpulseMe !== undefined) keep(address("/me"), parkpulseMe.then(answered));
