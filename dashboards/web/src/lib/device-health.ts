/** What is wrong with a device, from its findings, its clock and what was put aside. */
import type { DeviceFinding } from "../api/operator-types";
import type { Device, Quarantined } from "../api/types";

export const TROUBLES = [
  "silent",
  "low",
  "weak",
  "clock",
  "aside",
  "doubtful",
  "discovered",
] as const;
export type Trouble = (typeof TROUBLES)[number];

export interface Health {
  device: Device;
  troubles: Trouble[];
  findings: DeviceFinding[];
  /** How far its clock is ahead of the time of receipt [s]; 0 when it is not. */
  aheadS: number;
  /** Messages put aside in the last 24 h, and those of them for their times. */
  aside: number;
  badTimes: number;
}

/** A clock that is ahead by less is taken for well kept [s]. */
const AHEAD_S = 60;
const CLOCKS = new Set(["clock_past", "clock_future", "bad_time"]);
const OF_CODE: Record<DeviceFinding["code"], Trouble> = {
  battery_low: "low",
  signal_poor: "weak",
  signal_edge: "weak",
  frozen: "doubtful",
  impossible: "doubtful",
};

export function health(
  devices: readonly Device[],
  findings: readonly DeviceFinding[],
  quarantined: readonly Quarantined[],
): Health[] {
  const found = grouped(findings, ({ device }) => device);
  const put = grouped(quarantined, ({ device }) => device);
  return devices.map((device) =>
    one(device, found.get(device.code) ?? [], put.get(device.code) ?? []),
  );
}

function one(
  device: Device,
  findings: DeviceFinding[],
  quarantined: readonly Quarantined[],
): Health {
  const aheadS = ahead(device);
  const badTimes = quarantined.filter(({ reason }) => CLOCKS.has(reason)).length;
  const is: Record<Trouble, boolean> = {
    silent: device.silent,
    low: false,
    weak: false,
    doubtful: false,
    clock: aheadS > 0 || badTimes > 0,
    aside: quarantined.length > 0,
    discovered: device.state === "discovered",
  };
  for (const { code } of findings) is[OF_CODE[code]] = true;
  return {
    device,
    troubles: TROUBLES.filter((trouble) => is[trouble]),
    findings,
    aheadS,
    aside: quarantined.length,
    badTimes,
  };
}

function ahead({ last_ts, last_received_at }: Device): number {
  if (last_ts === null || last_received_at == null) return 0;
  const seconds = (Date.parse(last_ts) - Date.parse(last_received_at)) / 1000;
  return seconds > AHEAD_S ? seconds : 0;
}

function grouped<T>(
  items: readonly T[],
  key: (item: T) => string | null,
): Map<string | null, T[]> {
  const groups = new Map<string | null, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}

/** The worst first: how much is wrong, silence most. */
export function weight({ troubles }: Health): number {
  return troubles.reduce(
    (sum, trouble) => sum + 2 ** (TROUBLES.length - TROUBLES.indexOf(trouble)),
    0,
  );
}
