// What is told of orders that were held against another policy: of which kind each is, and how many there are. How a rule is judged
// again is in judge-again.test.ts.
import { describe, expect, it } from "vitest";
import { SourceId } from "../../../../src/domain/ids.ts";
import { decimalOf } from "../../../../src/domain/money.ts";
import type { Order } from "../../../../src/domain/order.ts";
import { assess } from "../../../../src/domain/risk/assess.ts";
import type { Recorded } from "../../../../src/domain/risk/judge-again.ts";
import { PolicyWhatIf, type SignalWithoutOrder, whatIf } from "../../../../src/domain/risk/what-if.ts";
import { NOW_MS, aMarketIntent, aPolicy, anIntent, anOrder, someFacts } from "../../../support/builders.ts";

type Overrides = Parameters<typeof aPolicy>[0];
const NOW = new Date(NOW_MS).toISOString();

function recorded(policy: Overrides, intent = anIntent(), order: Partial<Order> = {}): Recorded {
  const { verdicts, ...decision } = assess(intent, aPolicy(policy), someFacts());
  const denial = decision.outcome === "denied" ? { status: "denied", reason: { code: decision.reason } } : {};
  const isHeld = decision.outcome === "approved" && decision.hold !== null;
  const held = isHeld ? { hold: { expires_at: NOW, price: null, owner: null, decided: null } } : {};
  return {
    order: anOrder({ ...decision.intent, verdicts, ...denial, ...held, ...order }),
    asked: { type: intent.type, isByAmount: intent.notional !== undefined },
    isExit: false,
  };
}

/** No signal without an order. */
const only = (orders: readonly Recorded[]) => ({ recorded: orders, signals: [] });

const KINDS = [
  "unchanged",
  "would_be_approved",
  "would_be_held",
  "would_be_denied",
  "denied_otherwise",
  "undetermined",
] as const;

const heldAbove = (above: string) =>
  ({ approval: { above, expires_sec: 900, max_drift_percent: "1", two_persons: false } }) as const;

const kindOf = (order: Recorded, policy: Overrides) => {
  const answer = whatIf(only([order]), aPolicy(policy));
  return KINDS.filter((kind) => answer[kind] === 1).join();
};

describe("an order that is held against another policy", () => {
  const over = { max_quantity: "9" };

  it.each<[string, string, Overrides, Overrides]>([
    ["unchanged", "approved still", {}, { max_quantity: "11" }],
    ["unchanged", "denied still, by another limit of the same rule", over, { max_quantity: "8" }],
    ["would_be_denied", "approved then", {}, over],
    ["would_be_approved", "denied then", over, {}],
    ["denied_otherwise", "denied by another rule", over, { max_notional: "9" }],
    ["denied_otherwise", "denied by one rule more", over, { ...over, max_notional: "9" }],
    ["denied_otherwise", "denied by the same rule for another reason", { max_quantity: undefined }, over],
    ["undetermined", "not judged by a rule that may deny it", {}, { max_gross_exposure: "1" }],
    ["would_be_denied", "not judged by a rule, and denied by another", {}, { ...over, max_gross_exposure: "1" }],
    ["undetermined", "not denied by what denied it, and not judged", over, { max_gross_exposure: "1" }],
  ])("is %s where it is %s", (kind, _, then, now) => {
    expect(kindOf(recorded(then), now)).toBe(kind);
  });

  it.each<[string, string, Overrides, Overrides]>([
    ["would_be_held", "approved without a person", {}, heldAbove("1000")],
    ["would_be_held", "denied", over, heldAbove("1000")],
    ["would_be_approved", "held", heldAbove("1000"), {}],
    ["would_be_approved", "held, and is for no more than that", heldAbove("1000"), heldAbove("1872.5")],
    ["unchanged", "held", heldAbove("1000"), heldAbove("1872.4")],
    ["would_be_denied", "held", heldAbove("1000"), over],
    ["unchanged", "for no more than that", {}, heldAbove("1872.5")],
    ["undetermined", "not judged by a rule", {}, { ...heldAbove("1000"), max_gross_exposure: "1" }],
  ])("is %s where it was %s", (kind, _, then, now) => {
    expect(kindOf(recorded(then), now)).toBe(kind);
  });

  it("that a person has approved for less was held for more than is on the record", () => {
    const decided = { by: "ana", at: NOW, request_id: "r", reason: null };
    const hold = { expires_at: NOW, price: null, owner: null, decided };
    const approved = (quantity: string, asked: string) => {
      const { order, asked: terms, isExit } = recorded(heldAbove("1000"), anIntent({ quantity }), { hold });
      return { order, asked: { ...terms, quantity: decimalOf(asked) }, isExit };
    };
    expect(kindOf(approved("5", "10"), heldAbove("1000"))).toBe("undetermined");
    expect(kindOf(approved("5", "10"), heldAbove("900"))).toBe("unchanged");
    expect(kindOf(approved("5", "10"), {})).toBe("would_be_approved");
    expect(kindOf(approved("10", "10"), heldAbove("1000"))).toBe("unchanged");
  });

  it("that a person has declined was held", () => {
    const hold = { expires_at: NOW, price: null, owner: null, decided: null };
    const declined = recorded(heldAbove("0"), anIntent(), { status: "denied", reason: { code: "declined" }, hold });
    expect(kindOf(declined, heldAbove("0"))).toBe("unchanged");
    expect(kindOf(declined, {})).toBe("would_be_approved");
  });

  it("that no rule has denied stays denied, for the same reason", () => {
    const refused = recorded({}, anIntent(), { status: "denied", reason: { code: "market_order_unbounded" } });
    expect(kindOf(refused, {})).toBe("unchanged");
    const { orders } = whatIf(only([refused]), aPolicy({ max_quantity: "9" }));
    expect(orders).toMatchObject([{ would_be: { outcome: "denied", reason: "max_quantity_exceeded" } }]);
  });

  it("is the same whatever became of it", () => {
    for (const status of ["filled", "rejected", "canceled", "expired"] as const) {
      expect(kindOf(recorded({}, anIntent(), { status }), {})).toBe("unchanged");
    }
  });

  it("shows what each rule says that says otherwise, and names those that are not judged", () => {
    const { orders } = whatIf(
      only([recorded({ max_quantity: undefined })]),
      aPolicy({ max_quantity: "9", max_notional: "off", max_gross_exposure: "1" }),
    );
    expect(orders).toMatchObject([
      {
        was: { outcome: "denied", reason: "limit_not_set" },
        would_be: { outcome: "denied", reason: "max_quantity_exceeded" },
        rules: [
          {
            rule: "max_quantity",
            input: "10",
            was: { passed: false, limit: null, reason: "limit_not_set" },
            would_be: { passed: false, limit: "9", reason: "max_quantity_exceeded" },
          },
        ],
        not_judged: [{ rule: "max_gross_exposure", why: "not_measured" }],
      },
    ]);
  });

  it("has nothing to say for a rule that was not there yet", () => {
    const order = recorded({});
    const verdicts = order.order.verdicts.filter(({ rule }) => rule !== "max_quantity");
    const older = { ...order, order: { ...order.order, verdicts } };
    const { orders } = whatIf(only([older]), aPolicy({ max_quantity: undefined }));
    expect(orders).toMatchObject([{ rules: [{ rule: "max_quantity", was: null }] }]);
  });
});

describe("orders that are held against another policy", () => {
  const orders = [
    recorded({}),
    recorded({}, anIntent({ quantity: "20" })),
    recorded({ symbols: ["MSFT"] }),
    recorded({}, aMarketIntent({ quantity: "20" })),
    recorded({}, aMarketIntent()),
    recorded({ symbols: ["MSFT"], max_quantity: "9" }),
  ];
  const answer = whatIf(only(orders), aPolicy({ max_quantity: "15", price_collar_percent: "2" }));

  it("are each of one kind, and only the unchanged ones are not shown", () => {
    expect(answer).toMatchObject({
      considered: 6,
      unchanged: 1,
      would_be_approved: 2,
      would_be_denied: 2,
      denied_otherwise: 0,
      undetermined: 1,
    });
    expect(KINDS.reduce((sum, kind) => sum + answer[kind], 0)).toBe(answer.considered);
    expect(answer.orders).toHaveLength(5);
  });

  it("have every rule that could not be judged named, with how many orders that was of", () => {
    expect(answer.not_fully_judged).toBe(2);
    expect(answer.not_judged).toEqual(
      ["order_supported", "price_increment", "min_notional", "price_collar", "max_notional"].map((rule) => ({
        rule,
        why: "other_terms",
        orders: 2,
      })),
    );
  });

  it("are told of as the document says", () => {
    const whole = { account: "paper", next_cursor: null, ...answer };
    expect(PolicyWhatIf.safeParse(whole).success).toBe(true);
  });

  it("have beside them the signals of which there is no order, counted and not considered", () => {
    const signals: SignalWithoutOrder[] = [
      { signal: "paper_2", created_at: NOW, source: SourceId.parse("alerts"), codes: ["no_size"] },
      {
        signal: "paper_1",
        created_at: NOW,
        source: SourceId.parse("alerts"),
        codes: ["nothing_to_do", "position_gap"],
      },
    ];
    const both = whatIf({ recorded: orders, signals }, aPolicy());
    expect(both).toMatchObject({ considered: 6, without_order: 2, signals });
    expect(PolicyWhatIf.safeParse({ account: "paper", next_cursor: null, ...both }).success).toBe(true);
  });

  it("may be none", () => {
    expect(whatIf(only([]), aPolicy())).toMatchObject({ considered: 0, orders: [], not_judged: [] });
  });
});
