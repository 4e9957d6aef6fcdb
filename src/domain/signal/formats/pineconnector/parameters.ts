// The parameters of a PineConnector command. One that nobody reads is refused in the end: a distance that goes unnoticed would
// leave a position without its stop.
import type { Decimal } from "../../../money.ts";
import type { Notice, ReadOptions, SignalError } from "../../format.ts";
import type { Bracket, PriceSpec, Size } from "../../instruction.ts";
import { whyLoosening } from "../../loosening.ts";
import { readPositive, unquoted } from "../text/values.ts";

type Refusal = { readonly code: string; readonly message: string };

const unitOfTheTerminal = (name: string): Refusal => ({
  code: "ambiguous_unit",
  message: `its unit is a setting of the terminal: say ${name}_price or ${name}_pct`,
});
const pips = (name: string): Refusal => ({
  code: "unsupported_unit",
  message: `what a pip is, the terminal's broker says: say ${name}_price or ${name}_pct`,
});
const ofBalance: Refusal = {
  code: "unsupported_unit",
  message: "a size goes by the account's equity here: say vol_pct_eq_loss",
};
const movingStop: Refusal = {
  code: "unsupported_parameter",
  message: "a stop stays where its order has put it: say sl_price or sl_pct",
};
const condition: Refusal = { code: "unsupported_condition", message: "nobody here would look whether it is met" };

/** What is never carried out, and why. */
const REFUSED: ReadonlyMap<string, Refusal> = new Map([
  ["sl", unitOfTheTerminal("sl")],
  ["tp", unitOfTheTerminal("tp")],
  ["price", unitOfTheTerminal("entry")],
  ["pending", unitOfTheTerminal("entry")],
  ["sl_pips", pips("sl")],
  ["tp_pips", pips("tp")],
  ["entry_pips", pips("entry")],
  ["vol_pct_bal_loss", ofBalance],
  ["vol_pct_bal_lots", ofBalance],
  ["vol_pct_bal_margin", ofBalance],
  ["trailtrig", movingStop],
  ["traildist", movingStop],
  ["trailstep", movingStop],
  ["atrtimeframe", movingStop],
  ["atrperiod", movingStop],
  ["atrmultiplier", movingStop],
  ["atrshift", movingStop],
  ["atrtrigger", movingStop],
  ["betrigger", movingStop],
  ["beoffset", movingStop],
  ["spread", condition],
  ["accfilter", condition],
]);

const VOLUMES = ["risk", "vol_lots"] as const;
const SIZES = [...VOLUMES, "vol_dollar", "vol_pct_eq_loss"] as const;
const LOSSES = { vol_dollar: "risk_amount", vol_pct_eq_loss: "risk_percent" } as const;
const PRICES = {
  sl: ["sl_price", "sl_pct"],
  tp: ["tp_price", "tp_pct"],
  entry: ["entry_price", "entry_pct"],
} as const;

const KNOWN: ReadonlySet<string> = new Set([...SIZES, ...Object.values(PRICES).flat(), "comment", "secret"]);

const NAME = /^[a-z_]{1,30}$/;

export class Parameters {
  readonly notices: Notice[] = [];
  readonly #refused: SignalError[] = [];
  readonly #lacking: SignalError[] = [];
  readonly #unread = new Map<string, string>();

  readonly #loosening: ReadOptions["loosening"];

  /** `fields` are those behind the symbol, which is the third. */
  constructor(fields: readonly string[], { loosening }: Pick<ReadOptions, "loosening">) {
    this.#loosening = loosening;
    for (const [index, field] of fields.entries()) this.#add(field, `/${index + 3}`);
    this.#pass("secret", "credential_not_used", "the secret opens another system; it is neither checked nor kept");
  }

  /** What is refused; where nothing is, what is missing: a parameter that is refused is often just that one. */
  get errors(): readonly SignalError[] {
    return this.#refused.length > 0 ? this.#refused : this.#lacking;
  }

  /** How much to open. A bare `risk` is in the unit that the source's settings name. */
  size(sizeUnit: Size["by"]): Size | undefined {
    const found = this.#oneOf(SIZES);
    if (found === undefined) return undefined;
    const [name, value] = found;
    if (name === "vol_lots") return this.#lots(name, value);
    return { by: name === "risk" ? sizeUnit : LOSSES[name], value };
  }

  /** How much to close. Here `risk` is a volume, whatever it is in an order. */
  volume(): Size | undefined {
    const found = this.#oneOf(VOLUMES);
    return found === undefined ? undefined : this.#lots(...found);
  }

  price(of: keyof typeof PRICES): PriceSpec | undefined {
    const found = this.#oneOf(PRICES[of]);
    if (found === undefined) return undefined;
    const [name, value] = found;
    return name.endsWith("_pct") ? { distance: value, unit: "percent" } : { at: value };
  }

  bracket(): Bracket {
    const stop_price = this.price("sl");
    const limit_price = this.price("tp");
    return { stop_loss: stop_price && { stop_price }, take_profit: limit_price && { limit_price } };
  }

  lack(name: string, code: string, message: string): void {
    this.#lacking.push({ pointer: `/${name}`, code, message });
  }

  /** A comment on an order is for people. On other commands it picks what they are about, and is left to be refused. */
  passComment(): void {
    this.#pass("comment", "comment_not_used", "a comment changes nothing");
  }

  /** To be called when everything has been asked for. */
  refuseUnread(): void {
    for (const name of this.#unread.keys()) {
      const unexpected = { code: "unexpected_parameter", message: "does not go with this command" };
      this.#refuse(name, name === "comment" ? condition : unexpected);
    }
  }

  #add(field: string, pointer: string): void {
    const [, name = "", value = ""] = /^([^=]*)=(.*)$/s.exec(field) ?? [];
    const known = name.trim().toLowerCase();
    if (!NAME.test(known)) {
      // What stands there is not repeated: it could be the secret.
      this.#refused.push({ pointer, code: "malformed_parameter", message: "must be a name, = and a value" });
      return;
    }
    const loosens = whyLoosening(known);
    const refusal = REFUSED.get(known) ?? loosens;
    if (loosens !== undefined && this.#loosening === "ignore") this.notices.push({ pointer: `/${known}`, ...loosens });
    else if (refusal !== undefined) this.#refuse(known, refusal);
    else if (!KNOWN.has(known)) this.#refuse(known, { code: "unknown_parameter", message: "is no parameter" });
    else if (this.#unread.has(known)) this.#refuse(known, { code: "duplicate_parameter", message: "is there twice" });
    else this.#unread.set(known, unquoted(value));
  }

  /** The one of these parameters that is there. */
  #oneOf<Name extends string>(names: readonly Name[]): readonly [Name, Decimal] | undefined {
    const [name, ...others] = names.filter((each) => this.#unread.has(each));
    if (name === undefined) return undefined;
    const value = readPositive(this.#take(name));
    if (value === undefined) {
      this.#refuse(name, { code: "invalid_number", message: "must be a number like 0.5, greater than zero" });
    }
    for (const other of others) {
      this.#take(other);
      this.#refuse(other, { code: "conflicting_parameters", message: `does not go with ${name}` });
    }
    return value === undefined ? undefined : [name, value];
  }

  #take(name: string): string {
    const value = this.#unread.get(name) ?? "";
    this.#unread.delete(name);
    return value;
  }

  /** How many units a lot has, only the terminal's broker could say. */
  #lots(name: string, value: Decimal): Size {
    this.notices.push({ pointer: `/${name}`, code: "lots_are_units", message: "a lot is taken for one unit" });
    return { by: "quantity", value };
  }

  #pass(name: string, code: string, message: string): void {
    if (this.#unread.delete(name)) this.notices.push({ pointer: `/${name}`, code, message });
  }

  #refuse(name: string, { code, message }: Refusal): void {
    this.#refused.push({ pointer: `/${name}`, code, message });
  }
}
