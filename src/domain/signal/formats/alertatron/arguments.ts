// The arguments of one Alertatron command, each by its name. What is wrong with them is collected.
import type { SignalError } from "../../format.ts";
import type { Command } from "./blocks.ts";
import { shown } from "../text/values.ts";

export class Arguments {
  readonly #values = new Map<string, string>();
  readonly #pointer: string;
  readonly #errors: SignalError[];

  /** `takes`: the names that the command knows, in lower case. Any other is refused: it could be a misspelt reduceOnly. */
  constructor(command: Command, takes: readonly string[], errors: SignalError[]) {
    this.#pointer = command.pointer;
    this.#errors = errors;
    for (const { name, value } of command.arguments) {
      if (name === "") this.#push("malformed_argument", `must be a name, = and a value, and is ${shown(value)}`);
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
    this.#errors.push({ pointer: `${this.#pointer}/${name}`, code, message });
    return undefined;
  }

  #push(code: string, message: string): void {
    this.#errors.push({ pointer: this.#pointer, code, message });
  }
}
