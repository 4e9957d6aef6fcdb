// Every rule, in the order in which a decision lists them; a denial is named after the first one that fails.
import { auditBacklog } from "./rules/audit-backlog.ts";
import { circuitBreaker } from "./rules/circuit-breaker.ts";
import { assetClassAllowed, instrumentTradable, lotSize, minNotional, priceIncrement } from "./rules/instrument.ts";
import { orderSupported } from "./rules/order-supported.ts";
import { origin } from "./rules/origin.ts";
import * as throttles from "./rules/throttles.ts";
import { maxPosition } from "./rules/position.ts";
import { positionKnown } from "./rules/position-known.ts";
import { priceCollar, referencePriceAge } from "./rules/reference-price.ts";
import { maxGrossExposure, maxNetExposure, maxPositionNotional } from "./rules/exposure.ts";
import { maxDailyLoss, maxDrawdownPercent, maxPercentOfEquity, minBuyingPower } from "./rules/funds.ts";
import { duplicateOrder, repeatedExecution } from "./rules/repetition.ts";
import { selfMatch } from "./rules/self-match.ts";
import { maxNotional, maxQuantity } from "./rules/size.ts";
import { sourceMaxNotional, sourceMaxQuantity } from "./rules/source-caps.ts";
import { symbolAllowed, symbolRestricted } from "./rules/symbols.ts";
import { orderTypeAllowed, sideAllowed, timeInForceAllowed } from "./rules/terms.ts";
import { tradingHours } from "./rules/trading-hours.ts";
import { tradingState } from "./rules/trading-state.ts";
import type { Rule } from "./rule.ts";

export const RULE_BOOK: readonly Rule[] = [
  tradingState,
  orderSupported,
  origin,
  sourceMaxQuantity,
  sourceMaxNotional,
  auditBacklog,
  positionKnown,
  circuitBreaker,
  symbolAllowed,
  symbolRestricted,
  assetClassAllowed,
  instrumentTradable,
  lotSize,
  priceIncrement,
  minNotional,
  sideAllowed,
  orderTypeAllowed,
  timeInForceAllowed,
  tradingHours,
  referencePriceAge,
  priceCollar,
  maxQuantity,
  maxNotional,
  maxPercentOfEquity,
  maxPosition,
  maxPositionNotional,
  maxGrossExposure,
  maxNetExposure,
  minBuyingPower,
  maxDailyLoss,
  maxDrawdownPercent,
  throttles.maxOpenOrders,
  throttles.maxOrdersPerSec,
  throttles.maxOrdersPerMin,
  throttles.maxOrdersPerDay,
  throttles.maxMessagesPerSec,
  throttles.maxMessagesPerMin,
  throttles.maxMessagesPerDay,
  duplicateOrder,
  repeatedExecution,
  selfMatch,
];
