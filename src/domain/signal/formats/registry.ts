// Every format by its name.
import { FORMATS, type Format, type FormatId, type SignalBody } from "../format.ts";
import { alertatron } from "./alertatron/format.ts";
import { native } from "./native.ts";
import { openAlgo } from "./openalgo.ts";
import { pineConnector } from "./pineconnector/format.ts";
import { text } from "./text/format.ts";
import { threeCommas } from "./three-commas/format.ts";
import { tradeRelay } from "./trade-relay/format.ts";
import { tradersPost } from "./traderspost/format.ts";
import { tradingView } from "./tradingview/format.ts";

const BY_ID: Readonly<Record<FormatId, Format>> = {
  native,
  "3commas": threeCommas,
  traderspost: tradersPost,
  openalgo: openAlgo,
  trade_relay: tradeRelay,
  alertatron,
  pineconnector: pineConnector,
  text,
  tradingview: tradingView,
};

export const formatOf = (id: FormatId): Format => BY_ID[id];

/** All of them, in the order in which a body is held against them. */
export const ALL_FORMATS: readonly Format[] = FORMATS.map(formatOf);

/** The first format that the body is in. */
export const recognise = (body: SignalBody): Format | undefined => ALL_FORMATS.find((format) => format.matches(body));
