/** Commands to local controllers: their arguments as text, and what may be requested. */
import type { Arguments, Command, PlannedCommand } from "../api/desk-types";

/** A planned command in a form: its arguments are what was typed. */
export type CommandDraft = Omit<PlannedCommand, "arguments"> & { text: string };

/** Arguments as the controller gets them: a JSON object of plain values; else null. */
export function readArguments(text: string): Arguments | null {
  if (text.trim() === "") return {};
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof found !== "object" || found === null || Array.isArray(found)) return null;
  const plain = Object.values(found).every((value) =>
    ["string", "number", "boolean"].includes(typeof value),
  );
  return plain ? (found as Arguments) : null;
}

/** `{"pump": 1, "fast": true}`; an empty text for none. */
export function writeArguments(of: Arguments): string {
  const parts = Object.entries(of).map(
    ([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`,
  );
  return parts.length === 0 ? "" : `{${parts.join(", ")}}`;
}

export function draft({ arguments: given, ...rest }: PlannedCommand): CommandDraft {
  return { ...rest, text: writeArguments(given) };
}

/** What the drafts say; null while the arguments of one cannot be read. */
export function planned(drafts: readonly CommandDraft[]): PlannedCommand[] | null {
  const found: PlannedCommand[] = [];
  for (const { text, ...rest } of drafts) {
    const given = readArguments(text);
    if (given === null) return null;
    found.push({ ...rest, arguments: given });
  }
  return found;
}

export function newDraft(others: readonly CommandDraft[]): CommandDraft {
  let n = others.length + 1;
  while (others.some(({ code }) => code === `command-${n}`)) n += 1;
  return {
    code: `command-${n}`,
    device: "",
    name: "",
    text: "",
    timeout_s: 60,
    automatic: false,
    min_severity: "high",
    zh: "",
    en: "",
  };
}

export function isUnderWay(command: Command): boolean {
  return command.state === "requested" || command.state === "sent";
}
