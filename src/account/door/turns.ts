// What comes in about a symbol is decided in the order in which it has come, however long each has to ask the broker first: an exit
// asks for nothing, and must not be decided before the entry that it is to close.

/** `null`: about every symbol. */
type About = readonly string[] | null;

export type Turn = {
  /** Until everything that came before it is decided. */
  readonly come: Promise<unknown>;
  /** To be called once it is decided, or never will be. */
  readonly over: () => void;
};

export class Turns {
  readonly #undecided = new Set<{ readonly about: About; readonly decided: Promise<void> }>();

  /** To be called as it comes in. */
  take(about: About): Turn {
    const before = [...this.#undecided].filter((one) => overlap(one.about, about));
    const { promise: decided, resolve } = Promise.withResolvers<void>();
    const own = { about, decided };
    this.#undecided.add(own);
    const over = () => {
      this.#undecided.delete(own);
      resolve();
    };
    return { come: Promise.all(before.map((one) => one.decided)), over };
  }
}

const overlap = (one: About, other: About): boolean =>
  one === null || other === null || one.some((symbol) => other.includes(symbol));
