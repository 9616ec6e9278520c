/** Gives the reader a file that the page has written. */

export function save(name: string, text: string, type = "text/csv;charset=utf-8"): void {
  const anchor = document.createElement("a");
  anchor.href = URL.createObjectURL(new Blob([text], { type }));
  anchor.download = name;
  anchor.click();
  URL.revokeObjectURL(anchor.href);
}
