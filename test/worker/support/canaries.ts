// Texts that stand nowhere else, each by what it is: put one in somewhere, and look for it everywhere.

export class Canaries {
  readonly #texts = new Map<string, string>();

  /** Every text so far, by what it is. */
  get all(): readonly (readonly [name: string, text: string])[] {
    return [...this.#texts];
  }

  /** Something that was made elsewhere, and is to be looked for too. */
  remember(name: string, text: string): string {
    this.#texts.set(name, text);
    return text;
  }

  /** Fits wherever letters and digits do: into a symbol, an id, a header. The same name is the same text. */
  word(name: string): string {
    return this.#texts.get(name) ?? this.remember(name, `cnry${crypto.randomUUID().replaceAll("-", "").slice(0, 12)}`);
  }

  uuid(name: string): string {
    return this.#texts.get(name) ?? this.remember(name, crypto.randomUUID());
  }
}
