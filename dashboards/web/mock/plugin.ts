/**
 * A stand-in for the API while the page is developed without a running service.
 *
 * It answers from made-up figures, is part of `npm run dev` and `npm run preview` only, and
 * never of what is built. Against a real service: `PARKPULSE_API=http://127.0.0.1:8080 npm run dev`.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Connect, Plugin } from "vite";
import type { Alert, Flow, TrendName, LedgerHour, LiveValue } from "../src/api/types";
import { summary, trend } from "./kpis.ts";
import { alerts, devices, places, series, type Made } from "./world.ts";

const HOUR = 3_600_000;

const counts = { stored: 182_340, duplicate: 412, quarantined: 7 };

function flow(): Flow {
  counts.stored += Math.round(3 + 2 * Math.random());
  const received = counts.stored + counts.duplicate + counts.quarantined;
  const messages = 118 + Math.round(20 * Math.sin(Date.now() / 20_000));
  return {
    messages_last_minute: messages,
    values_last_minute: messages * 4,
    received,
    ...counts,
    balanced: true,
  };
}

function park() {
  const all = devices(Date.now());
  return {
    code: "demo",
    name: { zh: "演示园区", en: "Demo park" },
    grade: "demonstration",
    clock: "wall",
    now: new Date().toISOString(),
    last_ts: new Date().toISOString(),
    zone: "Asia/Shanghai",
    simulated: true,
    service: false,
    devices: {
      total: all.length,
      reporting: all.filter((d) => !d.silent).length,
      silent: all.filter((d) => d.silent).length,
      discovered: 0,
    },
    alerts: { critical: 0, high: 1, medium: 2, low: 1 },
    places,
    data_centres: [
      {
        code: "dc1",
        name: { zh: "一号数据中心", en: "Data centre 1" },
        commissioned: "2024-06-01",
        standard_racks: 3200,
        place: "hall",
      },
    ],
  };
}

function latest(made: Made, now: number) {
  const ts = made.lastReport(now);
  return { ts: new Date(ts).toISOString(), value: made.at(ts), quality: 2, stale: false };
}

function range(made: Made, query: URLSearchParams) {
  const start = Date.parse(query.get("start") ?? "");
  const end = Math.min(Date.parse(query.get("end") ?? ""), made.lastReport(Date.now()) + 1);
  const wanted = Number(query.get("points") ?? 600);
  const own = made.info.report_interval_s * 1000;
  const step = Math.max(own, Math.ceil((end - start) / wanted / own) * own);
  const ts: number[] = [];
  for (let at = Math.ceil(start / step) * step; at < end; at += step) ts.push(at);
  const value = ts.map(made.at);
  const coarse = step > own && made.info.kind === "gauge";
  const spread = Math.abs(made.at(start)) * 0.02;
  return {
    series: made.info.id,
    start: query.get("start"),
    end: query.get("end"),
    tier: step > own ? "1h" : "raw",
    downsampled: step > own,
    from_points: Math.round((end - start) / own),
    ts,
    value,
    min: coarse ? value.map((v) => v - spread) : null,
    max: coarse ? value.map((v) => v + spread) : null,
    gap_s: Math.max(900, (step / 1000) * 2.5),
  };
}

function rain(made: Made, query: URLSearchParams) {
  const [start, end] = ["start", "end"].map((key) => Date.parse(query.get(key) ?? ""));
  const until = made.lastReport(end ?? 0);
  const sum = Math.max(0, made.at(until) - made.at(start ?? 0));
  return {
    n: until > (start ?? 0) ? 10 : 0,
    sum: Math.round(sum * 10) / 10,
    min: null,
    max: null,
    windows: [],
    missing: 0,
  };
}

function ledger() {
  const hours: LedgerHour[] = Array.from({ length: 24 }, (_, i) => {
    const stored = 7100 + ((i * 37) % 90);
    return {
      hour: new Date(Math.floor(Date.now() / HOUR - i) * HOUR).toISOString(),
      source: "demo/native",
      received: stored + 18,
      stored,
      duplicate: 17,
      quarantined: 1,
      dropped_by_broker: 0,
      values: { stored: stored * 4, duplicate: 68, corrected: 0, refused: 2 },
    };
  });
  const { messages_last_minute: messages, values_last_minute: values, ...totals } = flow();
  return {
    items: hours,
    totals: { ...totals, dropped_by_broker: 0, values: hours[0]?.values },
    balanced: true,
    last_minute: { messages, values },
  };
}

const quarantine = [
  "not_json",
  "clock_future",
  "clock_future",
  "implausible",
  "unknown_metric",
].map((reason, i) => ({
  id: `0193f0a0-0000-7000-9000-00000000000${i}`,
  at: new Date(Date.now() - i * HOUR).toISOString(),
  park: "demo",
  device: `level-${i + 1}`,
  topic: `parkpulse/v1/demo/level-${i + 1}/telemetry`,
  reason,
  detail: "samples[0].ts 2059-01-01T00:00:00Z is after the park's clock",
  length: 148,
  sha256: "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9",
  format: "native",
  state: "open",
}));

const list = (items: readonly unknown[]) => ({ items, next: null });
const detail = (alert: Alert) => ({
  ...alert,
  events: [
    {
      kind: "raised",
      at: alert.onset,
      recorded_at: alert.onset,
      actor: "engine",
      severity: alert.severity,
      value: alert.value,
      detail: {},
    },
    ...(alert.acknowledged_at === null
      ? []
      : [
          {
            kind: "acknowledged",
            at: alert.acknowledged_at,
            recorded_at: alert.acknowledged_at,
            actor: alert.acknowledged_by,
            severity: alert.severity,
            value: null,
            detail: { comment: "已派人" },
          },
        ]),
  ],
  deliveries: [
    { channel: "duty", event: "raised", at: alert.onset, attempt: 1, status: 204, error: null },
  ],
});

type Answer = (found: string[], query: URLSearchParams) => unknown;
const byId = (id: string | undefined) => series.find(({ info }) => String(info.id) === id);

const ROUTES: [RegExp, Answer][] = [
  [/^\/me$/, () => ({ mode: "open", user: null, rights: ["read", "acknowledge", "maintain"] })],
  [/^\/parks$/, () => list([park()])],
  [/^\/parks\/demo$/, park],
  [
    /^\/parks\/demo\/series$/,
    () => list(series.map((made) => ({ ...made.info, latest: latest(made, Date.now()) }))),
  ],
  [
    /^\/parks\/demo\/devices$/,
    (_, query) =>
      list(devices(Date.now()).filter((d) => d.code.includes(query.get("q") ?? ""))),
  ],
  [/^\/parks\/demo\/alerts$/, () => list(alerts)],
  [/^\/parks\/demo\/data-centres\/dc1\/kpis\/summary$/, () => list(summary())],
  [/^\/parks\/demo\/data-centres\/dc1\/kpis\/revisions$/, () => list([])],
  [
    /^\/parks\/demo\/data-centres\/dc1\/kpis$/,
    (_, query) =>
      list(
        trend(
          (query.get("kpi") ?? "pue") as TrendName,
          Number(query.get("category")),
          query.get("period") ?? "month",
        ),
      ),
  ],
  [
    /^\/series\/(\d+)\/range$/,
    ([, id], query) => {
      const made = byId(id);
      return made && range(made, query);
    },
  ],
  [
    /^\/series\/(\d+)\/summary$/,
    ([, id], query) => {
      const made = byId(id);
      return made && rain(made, query);
    },
  ],
  [
    /^\/alerts\/([^/]+)$/,
    ([, id]) => {
      const alert = alerts.find((a) => a.id === id);
      return alert && detail(alert);
    },
  ],
  [/^\/ledger$/, ledger],
  [
    /^\/quarantine$/,
    (_, query) =>
      list(quarantine.filter((q) => [null, q.reason].includes(query.get("reason")))),
  ],
  [
    /^\/quarantine\/([^/]+)$/,
    ([, id]) => ({
      ...quarantine.find((q) => q.id === id),
      raw: '{"samples":[{"ts":"2059-01-01T00:00:00Z"}]}',
    }),
  ],
];

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, {
    "Content-Type": status < 400 ? "application/json" : "application/problem+json",
  });
  response.end(JSON.stringify(body));
}

function acknowledge(id: string, response: ServerResponse): void {
  const at = alerts.findIndex((alert) => alert.id === id);
  const alert = alerts[at];
  if (alert?.state !== "unacknowledged") {
    send(response, 409, {
      status: 409,
      code: "illegal_transition",
      title: "Conflict",
      detail: "",
    });
    return;
  }
  const done: Alert = {
    ...alert,
    state: "acknowledged",
    acknowledged_at: new Date().toISOString(),
    acknowledged_by: "page",
    version: alert.version + 1,
  };
  alerts[at] = done;
  send(response, 200, done);
}

function stream(request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  const emit = (event: string, data: unknown) =>
    response.write(`id: ${Date.now()}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  const values = (now: number, since: number): LiveValue[] =>
    series
      .map((made): LiveValue => {
        const ts = made.lastReport(now);
        return [made.info.id, ts, made.at(ts), 2];
      })
      .filter(([, ts]) => ts > since);
  emit("snapshot", {
    now: new Date().toISOString(),
    latest: values(Date.now(), 0),
    alerts: alerts.filter((a) => a.state !== "normal"),
    flow: flow(),
  });
  const timer = setInterval(() => {
    const now = Date.now();
    emit("values", { now: new Date(now).toISOString(), values: values(now, now - 1000) });
    if (Math.floor(now / 1000) % 2 === 0) emit("flow", flow());
  }, 1000);
  request.on("close", () => {
    clearInterval(timer);
  });
}

const answer: Connect.NextHandleFunction = (request, response, next) => {
  const url = new URL(request.url ?? "/", "http://stand-in");
  if (!url.pathname.startsWith("/api/v1/")) {
    next();
    return;
  }
  const path = decodeURIComponent(url.pathname.slice("/api/v1".length));
  if (path === "/parks/demo/stream") {
    stream(request, response);
    return;
  }
  const acked = /^\/alerts\/([^/]+)\/acknowledge$/.exec(path)?.[1];
  if (acked !== undefined) {
    acknowledge(acked, response);
    return;
  }
  const found = ROUTES.find(([pattern]) => pattern.test(path));
  const body = found?.[1](found[0].exec(path) ?? [], url.searchParams);
  if (body === undefined)
    send(response, 404, { status: 404, code: "not_found", title: "Not found", detail: path });
  else send(response, 200, body);
};

export function standIn(): Plugin {
  return {
    name: "parkpulse-stand-in",
    configureServer: (server) => {
      server.middlewares.use(answer);
    },
    configurePreviewServer: (server) => {
      server.middlewares.use(answer);
    },
  };
}
