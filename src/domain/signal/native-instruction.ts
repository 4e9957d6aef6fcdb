// The gateway's own way to say what an order alone cannot: into a position or out of it, so many units in the end, a size that the
// account works out, and how sure the sender is of what is held. One JSON object, told from an order by its `intent`.
import * as z from "zod";
import { type FieldError, parseFields } from "../fields.ts";
import { AccountId, ClientOrderId } from "../ids.ts";
import { type Decimal, DecimalOnWire, PositiveDecimal } from "../money.ts";
import { OrderType, Side, TimeInForce } from "../order.ts";
import type { Result } from "../result.ts";
import { agree } from "./formats/strategy-position.ts";
import { type Size, SizeUnit } from "./instruction.ts";
import { bracketFields, checkPrices } from "./native.ts";
import { NOT_A_SYMBOL, SPELLED_SYMBOL } from "./symbol.ts";

const ORDER_NAME_CHARACTERS_MAX = 100;

/** As Unix milliseconds. */
const Time = z.iso
  .datetime({ offset: true, error: "must be a time like 2026-01-15T14:30:00Z" })
  .transform((text) => Date.parse(text));

const PositionClaim = z
  .strictObject({
    side: z.enum(["long", "short", "flat"]),
    size: DecimalOnWire.optional().meta({ description: "Units, without a sign." }),
  })
  .refine(({ side, size }) => size === undefined || agree(side, size), {
    path: ["size"],
    error: "must be zero when flat, and greater than zero otherwise",
  });

/** What any instruction may say beside what it wants done. */
const circumstances = {
  account: AccountId.optional().meta({ description: "The trading account; the source's own when absent." }),
  sent_at: Time.optional().meta({
    description:
      "By your clock: the source's settings say how old an entry may be. Without it, a signed `X-Timestamp` counts (`v1`).",
  }),
  bar_at: Time.optional().meta({
    description: "The bar's time: with `order_name` it tells one bar's signal from the next's.",
  }),
  order_name: z.string().trim().min(1).max(ORDER_NAME_CHARACTERS_MAX).optional().meta({
    description: "Your strategy's own name of the order; it need not be unique.",
  }),
  position_before: PositionClaim.optional().meta({ description: "What you held before: a gap means a missed signal." }),
  position_after: PositionClaim.optional().meta({ description: "What you hold now." }),
};

const symbol = z.string().regex(SPELLED_SYMBOL, { error: NOT_A_SYMBOL }).meta({
  description: "As the source's settings map it to the broker's spelling, or in that spelling itself.",
  example: "AAPL",
});

/** How an order is to be placed. */
const terms = {
  type: OrderType.default("market"),
  limit_price: PositiveDecimal.optional().meta({ description: "Required by `limit` and `stop_limit`." }),
  stop_price: PositiveDecimal.optional().meta({ description: "Required by `stop` and `stop_limit`." }),
  time_in_force: TimeInForce.optional(),
  extended_hours: z.boolean().optional(),
};

const named = {
  client_order_id: ClientOrderId.optional().meta({
    description: "Your name for the order that comes of it. Sent again with the same content, it has one effect.",
  }),
};

const sizeOf = (description: string) => PositiveDecimal.optional().meta({ description });
const units = sizeOf("Units. One size at most; without any, the source's default.");
const money = sizeOf("Money, in the account's currency.");
const ofPosition = sizeOf("Of the units that are held.");

const entrySizes = {
  quantity: units,
  notional: money,
  percent_of_equity: sizeOf("Of the account's equity: `5` is a twentieth."),
  percent_of_buying_power: sizeOf("Of the account's buying power."),
  risk_amount: sizeOf("Money that is lost when `stop_loss` is hit."),
  risk_percent: sizeOf("The same, in percent of the account's equity."),
};

const Intents = z.discriminatedUnion("intent", [
  z
    .strictObject({
      intent: z.literal("enter"),
      symbol,
      side: Side.meta({ description: "`buy` for a long position, `sell` for a short one." }),
      ...entrySizes,
      ...terms,
      ...bracketFields,
      ...named,
      ...circumstances,
    })
    .meta({
      description:
        "A position on this side. What is held on the other side is closed, and after that the source's settings say whether " +
        "it is entered. What is held on this side already stays as it is.",
    }),
  z
    .strictObject({
      intent: z.literal("add"),
      symbol,
      side: Side.optional().meta({ description: "The side that the position has to have." }),
      ...entrySizes,
      percent_of_position: ofPosition,
      ...terms,
      ...bracketFields,
      ...named,
      ...circumstances,
    })
    .meta({ description: "More of the position that is held." }),
  z
    .strictObject({
      intent: z.literal("exit"),
      symbol,
      position: z.enum(["long", "short"]).optional().meta({
        description: "The side that the position has to have for there to be anything to do.",
      }),
      quantity: sizeOf("Units. One size at most; without any, all of it."),
      notional: money,
      percent_of_position: ofPosition,
      ...terms,
      ...named,
      ...circumstances,
    })
    .meta({ description: "Out of what is held, never past it." }),
  z
    .strictObject({
      intent: z.literal("reverse"),
      symbol,
      side: Side.meta({ description: "Of the position that is to be held afterwards." }),
      ...entrySizes,
      ...terms,
      ...bracketFields,
      ...named,
      ...circumstances,
    })
    .meta({ description: "Out of what is held, and then into a position on this side." }),
  z
    .strictObject({
      intent: z.literal("target"),
      symbol,
      position: DecimalOnWire.meta({
        description: "Units to be held in the end, negative when short.",
        example: "-10",
      }),
      ...terms,
      ...named,
      ...circumstances,
    })
    .meta({ description: "Whatever order leads to so many units." }),
  z
    .strictObject({ intent: z.literal("flatten"), ...circumstances })
    .meta({ description: "Out of everything: every live order is canceled and every position closed." }),
  z
    .strictObject({
      intent: z.literal("cancel"),
      symbol: symbol.optional(),
      side: Side.optional(),
      client_order_id: ClientOrderId.optional().meta({
        description: "The one order of this name, and then nothing else.",
      }),
      ...circumstances,
    })
    .meta({ description: "Live orders are canceled: all of them, or those in a symbol, on a side, or of one name." }),
  z
    .strictObject({
      intent: z.literal("stop"),
      state: z.enum(["reducing", "halted"]).meta({
        description: "`reducing` lets exits pass, `halted` nothing.",
      }),
      flatten: z.boolean().optional().meta({
        description: "Also out of every position there. Not with `halted`, and not where it stops the source alone.",
      }),
      ...circumstances,
    })
    .meta({
      description:
        "No more entries, or no more orders at all, until a person releases it: of this source, or of as much as the source's " +
        "settings say (`stop_reach`).",
    }),
]);

/** One instruction. Unknown keys are refused, and so is a size or a leg that means nothing with its intent. */
export const NativeInstruction = Intents
  // Checked also when a field is wrong by itself, so that one answer lists everything.
  .superRefine(checkTogether, {
    when: ({ value }) => typeof value === "object" && value !== null && !Array.isArray(value),
  })
  .meta({ id: "NativeInstruction" });
export type NativeInstruction = z.infer<typeof NativeInstruction>;

type Sizes = { readonly [by in SizeUnit]?: Decimal | undefined };

/** The sizes that an instruction names; more than one only while it is being checked. */
export const sizesIn = (sizes: Sizes): readonly Size[] =>
  SizeUnit.options.flatMap((by) => {
    const value = sizes[by];
    return value === undefined ? [] : [{ by, value }];
  });

/** What the fields ask of each other. */
function checkTogether(instruction: z.infer<typeof Intents>, context: z.core.$RefinementCtx): void {
  const refuse = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
  switch (instruction.intent) {
    case "enter":
    case "add":
    case "reverse":
    case "exit": {
      checkPrices(instruction, refuse);
      const [first, ...others] = sizesIn(instruction);
      for (const { by } of others) refuse(by, `does not go with ${first?.by}: give one size`);
      const needsStop = first?.by === "risk_amount" || first?.by === "risk_percent";
      const hasStop = "stop_loss" in instruction && instruction.stop_loss !== undefined;
      if (needsStop && !hasStop) refuse("stop_loss", `required by ${first.by}`);
      return;
    }
    case "target":
      checkPrices(instruction, refuse);
      return;
    case "cancel": {
      const { client_order_id: name, symbol: ofSymbol, side } = instruction;
      if (name !== undefined && ofSymbol !== undefined) refuse("symbol", "does not go with client_order_id");
      if (name !== undefined && side !== undefined) refuse("side", "does not go with client_order_id");
      return;
    }
    case "stop":
      if (instruction.flatten === true && instruction.state === "halted")
        refuse("flatten", "does not go with halted, under which no exit passes");
      return;
    default:
  }
}

/** Reads a parsed body as an instruction, or lists every field that keeps it from being one. */
export const readNativeInstruction = (body: unknown): Result<NativeInstruction, readonly FieldError[]> =>
  parseFields(NativeInstruction, body);
