// How much a TradersPost message wants traded: `quantity`, in the unit that `quantityType` names.
import type { Fields } from "../../fields.ts";
import type { Size } from "../../instruction.ts";
import type { Aim } from "./aim.ts";

/** `risk_percent` is in its documentation, though not in its specification. */
const UNITS = {
  fixed_quantity: "quantity",
  dollar_amount: "notional",
  risk_dollar_amount: "risk_amount",
  risk_percent: "risk_percent",
  percent_of_equity: "percent_of_equity",
  percent_of_position: "percent_of_position",
} as const satisfies Readonly<Record<string, Size["by"]>>;

export function readSizeUnit(fields: Fields): Size["by"] | undefined {
  const unit = fields.oneOf("quantityType", "invalid_quantity_type", UNITS);
  if (fields.has("quantityType") && !fields.has("quantity")) {
    fields.refuse("quantity", "quantity_type_requires_quantity", "required by quantityType");
  }
  return unit;
}

/** Without a `quantityType`, a quantity is one of units, whatever the source's settings say of bare numbers. */
export function readSize(fields: Fields, unit: Size["by"] | undefined): Size | undefined {
  const value = fields.positive("quantity", "invalid_quantity");
  return value && { by: unit ?? "quantity", value };
}

/** Refuses a unit that sizes nothing of the kind. */
export function checkSizeUnit(fields: Fields, unit: Size["by"] | undefined, aim: Aim | undefined): void {
  const refuse = (code: string, message: string) => fields.refuse("quantityType", code, message);
  const isExit = aim?.action === "exit";
  if (unit === "percent_of_position" && aim !== undefined && !isExit) {
    refuse("invalid_percent_of_position_action", "sizes what is taken off a position only");
  }
  if (unit !== "risk_amount" && unit !== "risk_percent") return;
  if (isExit) {
    const code = unit === "risk_amount" ? "invalid_risk_dollar_amount_action" : "invalid_risk_percent_action";
    refuse(code, "sizes an entry or an addition only");
  } else if (!fields.has("stopLoss")) {
    fields.refuse("stopLoss", "stop_loss_required", "required by a quantityType that sizes by what is at risk");
  }
}
