// Reads Alpaca's lists, those that come in pages and those that come whole.
import type { ListEnding, NotSent, Unknown } from "../../domain/broker.ts";
import { type Result, err, ok } from "../../domain/result.ts";
import type { BrokerAnswer } from "../request.ts";
import { isSuccess, toResponse, unknown } from "./response.ts";
import { AlpacaList, AlpacaListItem } from "./wire.ts";

/** What one item says, `undefined` for one to pass over, or a code for why it cannot be read. */
type ReadItem<T> = (item: unknown) => Result<T | undefined, string>;

type Pages<T> = {
  /** Items that a full page has; a page with fewer is the last one. */
  readonly pageSize: number;
  /** So many pages are read at most. */
  readonly pagesMax: number;
  /** Asks for the page behind the item with this id, at first for the first one. */
  readonly fetchPage: (afterId: string | undefined) => Promise<BrokerAnswer>;
  readonly readItem: ReadItem<T>;
  readonly nowMs: () => number;
};

type SomePages<T> = { readonly ending: "listed"; readonly items: readonly T[]; readonly isWhole: boolean };

/** One page that failed, or one item that cannot be read, makes the whole list unknown. */
export async function readPages<T>({
  pageSize,
  pagesMax,
  fetchPage,
  readItem,
  nowMs,
}: Pages<T>): Promise<SomePages<T> | NotSent | Unknown> {
  const items: T[] = [];
  let afterId: string | undefined;
  for (let page = 1; page <= pagesMax; page += 1) {
    const rows = toRows(await fetchPage(afterId), nowMs());
    if (!rows.ok) return rows.error;
    const read = readItems(rows.value, readItem);
    if (!read.ok) return unknown(read.error);
    items.push(...read.value);
    if (rows.value.length < pageSize) return { ending: "listed", items, isWhole: true };
    afterId = AlpacaListItem.safeParse(rows.value.at(-1)).data?.id;
    // Without it the next page would be the first one again.
    if (afterId === undefined) return unknown("unreadable_list");
  }
  return { ending: "listed", items, isWhole: false };
}

/** The whole list, or nothing: what is missing from a part says nothing. */
export async function readAllPages<T>(pages: Pages<T>): Promise<ListEnding<T>> {
  const read = await readPages(pages);
  if (read.ending !== "listed") return read;
  return read.isWhole ? { ending: "listed", items: read.items } : unknown("list_too_long");
}

/** Reads a list that comes as a whole. */
export function readWhole<T>(answer: BrokerAnswer, readItem: ReadItem<T>, nowMs: number): ListEnding<T> {
  const rows = toRows(answer, nowMs);
  if (!rows.ok) return rows.error;
  const items = readItems(rows.value, readItem);
  return items.ok ? { ending: "listed", items: items.value } : unknown(items.error);
}

/** The items of a list as they came. */
export function toRows(answer: BrokerAnswer, nowMs: number): Result<readonly unknown[], NotSent | Unknown> {
  const response = toResponse(answer, nowMs);
  if (!response.ok) return response;
  if (!isSuccess(response.value)) return err(unknown(`http_${response.value.status}`));
  const list = AlpacaList.safeParse(response.value.body);
  return list.success ? ok(list.data) : err(unknown("unreadable_list"));
}

function readItems<T>(rows: readonly unknown[], readItem: ReadItem<T>): Result<T[], string> {
  const items: T[] = [];
  for (const row of rows) {
    const item = readItem(row);
    if (!item.ok) return item;
    if (item.value !== undefined) items.push(item.value);
  }
  return ok(items);
}
