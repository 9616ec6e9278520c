/** Periods that a report can be of, as the service writes them. */

/** The year of a day and the four before it; the running one is interim. */
export function years(today: string): string[] {
  const year = Number(today.slice(0, 4));
  return [0, 1, 2, 3, 4].map((back) => String(year - back));
}

/** The months before a day, the last complete one first, then the running one. */
export function months(today: string, count = 24): string[] {
  const number = Number(today.slice(0, 4)) * 12 + Number(today.slice(5, 7)) - 1;
  return [...Array(count).keys()].map((back) => {
    const month = number - back;
    return `${Math.floor(month / 12)}-${String((month % 12) + 1).padStart(2, "0")}`;
  });
}

export function quarters(today: string, count = 8): string[] {
  const number =
    Number(today.slice(0, 4)) * 4 + Math.floor((Number(today.slice(5, 7)) - 1) / 3);
  return [...Array(count).keys()].map(
    (back) => `${Math.floor((number - back) / 4)}-Q${((number - back) % 4) + 1}`,
  );
}

/** The day before, `2026-03-01` → `2026-02-28`. */
export function dayBefore(today: string): string {
  return new Date(Date.parse(`${today}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10);
}
