/** A text as one word of a POSIX shell, whatever is in it. */
export const shellQuote = (text: string): string =>
  /^[\w./:@=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
