/**
 * The stand-in's park: made-up series whose values are functions of time.
 *
 * Development only; no figure here comes from a sensor or from Parkpulse.
 */
import type {
  Alert,
  Device,
  Group,
  Limit,
  Name,
  Place,
  Series,
  SeriesKind,
} from "../src/api/types";

const HOUR = 3_600_000;

export interface Made {
  info: Series;
  at: (ms: number) => number;
  /** Last report before this time; a silent device stopped long ago. */
  lastReport: (ms: number) => number;
}

const name = (zh: string, en: string): Name => ({ zh, en });

export const places: Place[] = [
  { code: "river", parent: null, kind: "river_section", name: name("青溪河", "Qingxi river") },
  {
    code: "underpass",
    parent: null,
    kind: "road",
    name: name("创新路下穿", "Chuangxin underpass"),
  },
  { code: "green", parent: null, kind: "field", name: name("中央绿地", "Central green") },
  ...[1, 2, 3, 4, 5].map((n) => ({
    code: `tunnel-${n}`,
    parent: null,
    kind: "compartment",
    name: name(
      ["综合舱一段", "综合舱二段", "电力舱", "燃气舱", "污水舱"][n - 1] ?? "",
      ["Main 1", "Main 2", "Power", "Gas", "Sewage"][n - 1] ?? "",
    ),
  })),
  {
    code: "hall",
    parent: null,
    kind: "machine_hall",
    name: name("一号机房", "Machine hall 1"),
  },
];

/** Smooth noise between -1 and 1, the same for the same seed and time. */
export function noise(seed: number, ms: number, period = HOUR): number {
  const t = (ms / period) * 2 * Math.PI;
  return (
    0.5 * Math.sin(t + seed) +
    0.3 * Math.sin(2.7 * t + 2 * seed) +
    0.2 * Math.sin(7.3 * t + 3 * seed)
  );
}

/** Rain intensity [mm/h]: a storm every 30 h. */
export function rainfall(ms: number, seed: number): number {
  const phase = (ms / HOUR + seed) % 30;
  return phase < 7 ? 9 * Math.sin((phase / 7) * Math.PI) ** 2 * (1 + 0.4 * noise(seed, ms)) : 0;
}

function rainTotal(ms: number, seed: number): number {
  const storms = Math.floor((ms / HOUR + seed) / 30) % 200;
  const phase = (ms / HOUR + seed) % 30;
  const within = Math.min(7, phase);
  const now = 4.5 * (within - (7 / (2 * Math.PI)) * Math.sin((2 * Math.PI * within) / 7));
  return Math.round((storms * 31.5 + now) * 5) / 5;
}

const METRICS: Record<
  string,
  { zh: string; en: string; unit: string; group: Group; kind?: SeriesKind }
> = {
  water_level: { zh: "水位", en: "Water level", unit: "m", group: "water" },
  waterlogging_depth: { zh: "积水深度", en: "Waterlogging depth", unit: "m", group: "water" },
  flow_rate: { zh: "流量", en: "Flow rate", unit: "m3/s", group: "water" },
  rainfall_total: {
    zh: "累计雨量",
    en: "Cumulative rainfall",
    unit: "mm",
    group: "rain",
    kind: "counter",
  },
  soil_moisture: { zh: "土壤墒情", en: "Soil moisture", unit: "%", group: "soil" },
  oxygen: { zh: "氧气", en: "Oxygen", unit: "%vol", group: "tunnel" },
  methane: { zh: "甲烷", en: "Methane", unit: "%vol", group: "tunnel" },
  hydrogen_sulfide: { zh: "硫化氢", en: "Hydrogen sulfide", unit: "mg/m3", group: "tunnel" },
  air_temperature: { zh: "气温", en: "Air temperature", unit: "degC", group: "tunnel" },
  relative_humidity: { zh: "相对湿度", en: "Relative humidity", unit: "%RH", group: "tunnel" },
  sump_level: { zh: "集水坑水位", en: "Sump level", unit: "m", group: "tunnel" },
  hatch_open: { zh: "井盖", en: "Hatch open", unit: "1", group: "tunnel", kind: "state" },
  fan_running: {
    zh: "通风",
    en: "Ventilation running",
    unit: "1",
    group: "tunnel",
    kind: "state",
  },
  pump_running: { zh: "水泵", en: "Pump running", unit: "1", group: "tunnel", kind: "state" },
  active_power: { zh: "有功功率", en: "Active power", unit: "W", group: "power" },
  active_energy_import: {
    zh: "正向有功电能",
    en: "Active energy import",
    unit: "kWh",
    group: "power",
    kind: "counter",
  },
  battery_voltage: { zh: "电池电压", en: "Battery voltage", unit: "V", group: "health" },
};

const above = (severity: Limit["severity"], limit: number, zh: string, en: string): Limit => ({
  severity,
  direction: "above",
  limit,
  name: name(zh, en),
});

const LIMITS: Record<string, Limit[]> = {
  water_level: [
    above("medium", 2.4, "警戒水位", "warning stage"),
    above("high", 2.9, "保证水位", "guaranteed stage"),
  ],
  waterlogging_depth: [
    above("low", 0.15, "设计积水深度", "design criterion"),
    above("medium", 0.27, "车辆排气管高度", "exhaust height of cars"),
    above("high", 0.4, "封闭下穿通道", "closing of underpasses"),
    above("critical", 0.6, "人员撤离", "evacuation"),
  ],
  oxygen: [
    { ...above("high", 19.5, "缺氧报警", "oxygen-deficiency alarm"), direction: "below" },
    { ...above("critical", 18, "严重缺氧", "severe oxygen deficiency"), direction: "below" },
    above("high", 23.5, "富氧报警", "oxygen-enrichment alarm"),
  ],
  methane: [
    above("high", 1, "20% LEL 报警", "20 % LEL alarm"),
    above("critical", 1.25, "25% LEL 紧急切断", "25 % LEL emergency shut-off"),
  ],
  hydrogen_sulfide: [above("high", 10, "最高容许浓度", "maximum allowable")],
  air_temperature: [above("medium", 40, "启动排风", "start exhaust")],
  relative_humidity: [above("low", 90, "高湿", "humid")],
  sump_level: [above("medium", 1.2, "高水位", "high level")],
  hatch_open: [{ severity: "medium", direction: "above", limit: 0.5, name: null }],
  battery_voltage: [{ severity: "low", direction: "below", limit: 3.2, name: null }],
};

export const series: Made[] = [];

interface Spec {
  device: string;
  deviceName: Name;
  kind: string;
  place: string | null;
  metric: string;
  interval: number;
  at: (ms: number) => number;
  silentFor?: number;
}

function add(spec: Spec): void {
  const metric = METRICS[spec.metric];
  if (metric === undefined) throw new Error(spec.metric);
  const silent = spec.silentFor ?? 0;
  const started = Date.now();
  series.push({
    info: {
      id: series.length + 1,
      device: spec.device,
      device_name: spec.deviceName,
      device_kind: spec.kind,
      place: spec.place,
      metric: spec.metric,
      metric_name: name(metric.zh, metric.en),
      unit: metric.unit,
      kind: metric.kind ?? "gauge",
      group: metric.group,
      report_interval_s: spec.interval,
      latest: null,
      limits: LIMITS[spec.metric] ?? [],
    },
    at: spec.at,
    lastReport: (ms) => {
      const until = silent === 0 ? ms : started - silent;
      const step = spec.interval * 1000;
      return Math.floor(until / step) * step;
    },
  });
}

const LEVELS: [string, string, number][] = [
  ["上游水位计", "Upstream level", 1.4],
  ["中游水位计", "Midstream level", 2.25],
  ["下游水位计", "Downstream level", 1.1],
  ["东湖水位计", "East lake level", 1.8],
];
LEVELS.forEach(([zh, en, base], i) => {
  add({
    device: `level-${i + 1}`,
    deviceName: name(zh, en),
    kind: "water_level",
    place: "river",
    metric: "water_level",
    interval: 60,
    at: (ms) => base + 0.35 * noise(i, ms, 9 * HOUR) + 0.02 * rainfall(ms - HOUR, i),
  });
  add({
    device: `level-${i + 1}`,
    deviceName: name(zh, en),
    kind: "water_level",
    place: "river",
    metric: "battery_voltage",
    interval: 3600,
    at: () => 3.58 - 0.02 * i,
  });
});
add({
  device: "flow-1",
  deviceName: name("下游流量计", "Downstream flow"),
  kind: "flow",
  place: "river",
  metric: "flow_rate",
  interval: 60,
  at: (ms) => 12 + 4 * noise(9, ms, 9 * HOUR),
});
add({
  device: "log-1",
  deviceName: name("下穿积水计", "Underpass depth"),
  kind: "waterlogging",
  place: "underpass",
  metric: "waterlogging_depth",
  interval: 60,
  at: (ms) => 0.31 + 0.02 * noise(4, ms),
});
[1, 2, 3].forEach((n) => {
  add({
    device: `rain-${n}`,
    deviceName: name(
      ["管委会雨量站", "河口雨量站", "北山雨量站"][n - 1] ?? "",
      ["Office gauge", "Estuary gauge", "North hill gauge"][n - 1] ?? "",
    ),
    kind: "rain_gauge",
    place: null,
    metric: "rainfall_total",
    interval: 300,
    at: (ms) => rainTotal(ms, n),
    ...(n === 3 ? { silentFor: 5 * HOUR } : {}),
  });
});
[1, 2, 3].forEach((n) => {
  add({
    device: `soil-${n}`,
    deviceName: name(`墒情站 ${n}`, `Soil station ${n}`),
    kind: "soil",
    place: "green",
    metric: "soil_moisture",
    interval: 900,
    at: (ms) => 24 + 4 * n + 2 * noise(n, ms, 20 * HOUR),
  });
});
const TUNNEL: [string, (ms: number, n: number) => number][] = [
  ["oxygen", (ms, n) => 20.8 + 0.1 * noise(n, ms)],
  ["methane", (ms, n) => (n === 4 ? 1.06 + 0.03 * noise(1, ms) : 0.04 + 0.01 * noise(n, ms))],
  ["hydrogen_sulfide", (ms, n) => (n === 5 ? 5 : 0.6) + 0.3 * noise(n, ms)],
  ["air_temperature", (ms, n) => 24 + n + 1.5 * noise(n, ms, 24 * HOUR)],
  ["relative_humidity", (ms, n) => 70 + 3 * n + 3 * noise(n, ms, 12 * HOUR)],
  ["sump_level", (ms, n) => 0.5 + 0.1 * n + 0.2 * noise(n, ms)],
  ["hatch_open", (_, n) => (n === 2 ? 1 : 0)],
  ["fan_running", (_, n) => (n === 4 ? 1 : 0)],
  ["pump_running", () => 0],
];
[1, 2, 3, 4, 5].forEach((n) => {
  for (const [metric, at] of TUNNEL)
    add({
      device: `cabinet-${n}`,
      deviceName: name(`管廊采集柜 ${n}`, `Tunnel cabinet ${n}`),
      kind: "tunnel_cabinet",
      place: `tunnel-${n}`,
      metric,
      interval: 30,
      at: (ms) => at(ms, n),
    });
});
const METERS: [string, string, string, number, string][] = [
  ["feed-1", "一号进线", "Feed 1", 2_310_000, "grid_import"],
  ["feed-2", "二号进线", "Feed 2", 2_180_000, "grid_import"],
  ["pv-1", "屋顶光伏", "Roof PV", 640_000, "pv"],
  ["ups-1", "UPS 甲", "UPS A", 2_050_000, "ups_output"],
  ["ups-2", "UPS 乙", "UPS B", 1_930_000, "ups_output"],
  ["chiller-1", "冷水机组", "Chillers", 520_000, "cooling"],
  ["light-1", "照明与楼宇", "Lighting and services", 42_000, "lighting"],
  ["pdu-1", "A 机房列头柜", "PDUs of hall A", 2_010_000, "pdu_output"],
  ["pdu-2", "B 机房列头柜", "PDUs of hall B", 1_890_000, "pdu_output"],
  ["rack-1", "A 机房机柜", "Racks of hall A", 1_990_000, "rack"],
  ["rack-2", "B 机房机柜", "Racks of hall B", 1_860_000, "rack"],
  ["upsin-1", "A 列 UPS 输入", "UPS A input", 2_120_000, "ups_input"],
  ["upsin-2", "B 列 UPS 输入", "UPS B input", 2_000_000, "ups_input"],
];
export const meters = METERS;
METERS.forEach(([code, zh, en, watts], i) => {
  const power = (ms: number) =>
    watts * (1 + 0.06 * noise(i, ms, 8 * HOUR) + 0.01 * noise(i, ms, HOUR / 6));
  add({
    device: code,
    deviceName: name(zh, en),
    kind: "meter",
    place: "hall",
    metric: "active_power",
    interval: 10,
    at: power,
  });
  add({
    device: code,
    deviceName: name(zh, en),
    kind: "meter",
    place: "hall",
    metric: "active_energy_import",
    interval: 900,
    at: (ms) => (watts / 1000) * (ms / HOUR - 480_000),
  });
});

export function devices(now: number): Device[] {
  const first = new Map(series.map((made) => [made.info.device, made]));
  return [...first.values()].map(({ info, lastReport }) => {
    const last = lastReport(now);
    return {
      code: info.device,
      name: info.device_name,
      kind: info.device_kind,
      place: info.place,
      state: "active",
      clock: "trusted",
      report_interval_s: info.report_interval_s,
      last_received_at: new Date(last + 900).toISOString(),
      last_ts: new Date(last).toISOString(),
      silent: now - last > HOUR,
    };
  });
}

interface AlertSpec {
  device: string;
  metric: string;
  code: string;
  zh: string;
  en: string;
  level: number;
  hoursAgo: number;
  state: Alert["state"];
}

const ALERTS: AlertSpec[] = [
  {
    device: "cabinet-4",
    metric: "methane",
    code: "tunnel-methane",
    zh: "管廊甲烷超限",
    en: "Tunnel methane",
    level: 0,
    hoursAgo: 0.2,
    state: "unacknowledged",
  },
  {
    device: "log-1",
    metric: "waterlogging_depth",
    code: "waterlogging-depth",
    zh: "道路积水",
    en: "Waterlogging depth",
    level: 1,
    hoursAgo: 1.4,
    state: "unacknowledged",
  },
  {
    device: "cabinet-2",
    metric: "hatch_open",
    code: "tunnel-hatch",
    zh: "井盖打开",
    en: "Hatch open",
    level: 0,
    hoursAgo: 0.6,
    state: "acknowledged",
  },
  {
    device: "level-2",
    metric: "water_level",
    code: "stage",
    zh: "水位超警",
    en: "Stage",
    level: 0,
    hoursAgo: 5,
    state: "returned_unacknowledged",
  },
  {
    device: "level-1",
    metric: "battery_voltage",
    code: "battery-voltage",
    zh: "电池电压低",
    en: "Battery voltage low",
    level: 0,
    hoursAgo: 29,
    state: "acknowledged",
  },
];

export const alerts: Alert[] = ALERTS.map((spec, i) => {
  const made = series.find(
    ({ info }) => info.device === spec.device && info.metric === spec.metric,
  );
  const limit = made?.info.limits[spec.level];
  if (made === undefined || limit === undefined) throw new Error(spec.code);
  const onset = new Date(Date.now() - spec.hoursAgo * HOUR).toISOString();
  const over = spec.state === "returned_unacknowledged";
  const seen = spec.state === "acknowledged";
  return {
    id: `0193f0a0-0000-7000-8000-00000000000${i}`,
    rule: { code: spec.code, name: name(spec.zh, spec.en), kind: "threshold" },
    subject: `${spec.device}/${spec.metric}`,
    park: "demo",
    place: made.info.place,
    place_name: places.find(({ code }) => code === made.info.place)?.name ?? null,
    device: spec.device,
    device_name: made.info.device_name,
    series: made.info.id,
    metric: spec.metric,
    metric_name: made.info.metric_name,
    unit: made.info.unit,
    severity: limit.severity,
    level: limit.name,
    state: spec.state,
    quiet: null,
    assignee: null,
    retroactive: false,
    onset,
    raised_at: onset,
    cleared_at: over ? new Date(Date.now() - 3 * HOUR).toISOString() : null,
    acknowledged_at: seen ? onset : null,
    acknowledged_by: seen ? "王工" : null,
    value: made.at(Date.now()),
    limit: limit.limit,
    direction: limit.direction,
    version: 1,
  };
});
