/** A space between a Latin word and the Chinese one after it. */
export function spaced(word: string): string {
  return /[\dA-Za-z]$/.test(word) ? `${word} ` : word;
}
