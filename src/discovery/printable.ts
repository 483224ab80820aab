/** What devices say of themselves, for a terminal and a comment: one line, no control or invisible characters, not long. */
export const printable = (text: string, longest = 80): string =>
  text
    .replace(/[\p{C}\p{Z}]+/gu, ' ')
    .trim()
    .slice(0, longest);
