/** The order in which people count: gauge 2 before gauge 10. */

export const natural = new Intl.Collator("en", { numeric: true }).compare;
