/** Options as people write them: one a line, name=value. */

export function pairs(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const [name = "", ...rest] = line.split("=");
    if (name.trim() !== "") found[name.trim()] = rest.join("=").trim();
  }
  return found;
}

export function written(options: Readonly<Record<string, string>>): string {
  return Object.entries(options)
    .map(([name, value]) => `${name}=${value}`)
    .join("\n");
}
