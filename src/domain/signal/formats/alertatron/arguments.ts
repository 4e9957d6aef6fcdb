// The arguments of one Alertatron command, each by its name. What is wrong with them is collected.
import type { Notice, ReadOptions, SignalError } from "../../format.ts";
import { whyLoosening } from "../../loosening.ts";
import type { Command } from "./blocks.ts";
import { shown } from "../text/values.ts";

/** What comes of reading commands, beside instructions. */
export type Findings = Pick<ReadOptions, "loosening"> & {
  readonly errors: SignalError[];
  readonly notices: Notice[];
};

export class Arguments {
  readonly #values = new Map<string, string>();
  readonly #pointer: string;
  readonly #errors: SignalError[];

  /** `takes`: the names that the command knows, in lower case. Any other is refused: it could be a misspelt reduceOnly. */
  constructor(command: Command, takes: readonly string[], { errors, notices, loosening }: Findings) {
    this.#pointer = command.pointer;
    this.#errors = errors;
    for (const { name, value } of command.arguments) {
      const loosens = whyLoosening(name);
      if (loosens !== undefined && loosening === "ignore") notices.push({ pointer: this.#pointerTo(name), ...loosens });
      else if (loosens !== undefined) this.refuse(name, loosens.code, loosens.message);
      else if (name === "") this.#push("malformed_argument", `must be a name, = and a value, and is ${shown(value)}`);
      else if (!takes.includes(name)) this.#push("unknown_argument", `${command.name}() has no ${shown(name)}`);
      else if (this.#values.has(name)) this.refuse(name, "duplicate_argument", "is there twice");
      else this.#values.set(name, value);
    }
  }

  get(name: string): string | undefined {
    return this.#values.get(name);
  }

  /** Refuses the command if the argument is not there. */
  require(name: string): string | undefined {
    return this.#values.get(name) ?? this.refuse(name, "missing_argument", "must be given");
  }

  /** One of a few words, in any case, as what it means. */
  oneOf<T>(name: string, meanings: ReadonlyMap<string, T>): T | undefined {
    const word = this.#values.get(name);
    if (word === undefined) return undefined;
    const meaning = meanings.get(word.toLowerCase());
    if (meaning !== undefined) return meaning;
    return this.refuse(
      name,
      "unsupported_value",
      `must be ${[...meanings.keys()].join(" or ")}, and is ${shown(word)}`,
    );
  }

  refuse(name: string, code: string, message: string): undefined {
    this.#errors.push({ pointer: this.#pointerTo(name), code, message });
    return undefined;
  }

  #pointerTo(name: string): string {
    return `${this.#pointer}/${name}`;
  }

  #push(code: string, message: string): void {
    this.#errors.push({ pointer: this.#pointer, code, message });
  }
}
