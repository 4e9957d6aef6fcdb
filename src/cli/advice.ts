// What to do about a code that the gateway has answered with: the command, where there is one.
import { nextCommand } from "./next-command.ts";
import type { ConnectionOptions } from "./settings.ts";

type Whose = {
  /** Where it was refused, as far as that is known. */
  readonly account?: string | undefined;
  /** What has sent it. */
  readonly source?: string | undefined;
};

type Advice = (whose: Whose, options: ConnectionOptions) => string;

/** The gateway's own, whose settings nobody changes. */
const WITHOUT_SETTINGS: ReadonlySet<string> = new Set(["default", "api"]);

const enable: Advice = ({ account = "ACCOUNT" }, options) =>
  `Whoever may change accounts opens it again:\n\n  ${nextCommand("accounts enable", [account], options)}`;

const lookAtStops: Advice = (_, options) =>
  `What is stopped, by whom and why:\n\n  ${nextCommand("stops", [], options)}`;

const settle =
  (what: string): Advice =>
  ({ source = "SOURCE" }, options) => {
    const said = `A source's settings can say ${what} (docs/signals.md).`;
    if (WITHOUT_SETTINGS.has(source)) return `${said} The source ${source} has none: send through one of your own.`;
    const look = nextCommand("sources show --json", [source], options);
    const change = nextCommand("sources change --signals FILE", [source], options);
    return `${said} FILE replaces all of them: start from what is there under "signals".\n\n  ${look}\n  ${change}`;
  };

const ADVICE: Readonly<Record<string, Advice>> = {
  account_disabled: enable,
  reducing_only: lookAtStops,
  trading_halted: lookAtStops,
  being_left: lookAtStops,
  no_size: settle("how much an entry is of, in `default_size`"),
  account_unknown: settle("which account a name means, in `accounts`"),
};

/** Each piece of advice once, whichever codes ask for it. */
export const adviseOn = (
  codes: Iterable<string | null | undefined>,
  whose: Whose,
  options: ConnectionOptions,
): readonly string[] => [
  ...new Set(
    [...codes].flatMap((code) =>
      code !== null && code !== undefined && Object.hasOwn(ADVICE, code) ? (ADVICE[code]?.(whose, options) ?? []) : [],
    ),
  ),
];
