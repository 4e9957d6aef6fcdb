// What the standards ask of pre-trade controls, clause by clause and in our words; and where a clause asks something of somebody
// else than a gateway, of whom. Sources: Commission Delegated Regulation (EU) 2017/589 (RTS 6), 17 CFR 240.15c3-5, and the FIA's
// Guide to the Development and Operation of Automated Trading Systems (March 2015), section 1.

export const CLAUSES = {
  "RTS 6 Art. 12": {
    asks: "Cancel any or all unexecuted orders at once, and know which strategy and which client each belongs to.",
  },
  "RTS 6 Art. 15(1)(a)": { asks: "Price collars: block orders outside of set prices, by instrument." },
  "RTS 6 Art. 15(1)(b)": { asks: "A maximum order value." },
  "RTS 6 Art. 15(1)(c)": { asks: "A maximum order volume." },
  "RTS 6 Art. 15(1)(d)": { asks: "A maximum of messages that submit, change or cancel an order." },
  "RTS 6 Art. 15(2)": { asks: "Count every order that is sent in these limits at once." },
  "RTS 6 Art. 15(3)": {
    asks: "After a set number of repeated executions, disable the strategy until a designated person enables it again.",
  },
  "RTS 6 Art. 15(5)": {
    asks: "Block orders of those who have no permission, and orders that would break a risk threshold.",
  },
  "15c3-5(c)(1)(i)": { asks: "Block orders beyond set credit or capital thresholds." },
  "15c3-5(c)(1)(ii)": {
    asks: "Block erroneous orders: by price and size, one by one or over a short time, and duplicates.",
  },
  "FIA 1.1": { asks: "A maximum order size; where none is set, the order is refused." },
  "FIA 1.2": { asks: "A maximum intraday position, working orders included." },
  "FIA 1.3": { asks: "Market data that is stale or unreasonable stops trading." },
  "FIA 1.4": { asks: "A tolerance for how far an order's price may be from the market's." },
  "FIA 1.5": { asks: "A limit for how often a strategy repeats itself." },
  "FIA 1.6": {
    asks: "Dynamic price collars of the exchange.",
    elsewhere: "The exchange sets and enforces them; its refusal ends an order as rejected and is on the record.",
  },
  "FIA 1.7": {
    asks: "Pauses of the exchange's market.",
    elsewhere: "The exchange calls them; an order that it refuses meanwhile ends as rejected and is on the record.",
  },
  "FIA 1.8": {
    asks: "Programs of the exchange that price or limit messages.",
    elsewhere: "The exchange runs them; what it is sent is bounded by the limits of messages here.",
  },
  "FIA 1.9": { asks: "A throttle for messages." },
  "FIA 1.10": { asks: "Prevent orders of one owner from trading with each other." },
  "FIA 1.11": {
    asks: "A kill switch that stops new orders and cancels working ones; orders that reduce risk may pass.",
  },
  "FIA 1.12": {
    asks: "Cancel working orders when the connection to the exchange is lost.",
    elsewhere:
      "A broker's REST interface has no session that could be lost. While it does not answer, entries are denied " +
      "(rule circuit_breaker) and cancels are sent all the same.",
  },
} as const satisfies Readonly<Record<string, { readonly asks: string; readonly elsewhere?: string }>>;

export type ClauseId = keyof typeof CLAUSES;
