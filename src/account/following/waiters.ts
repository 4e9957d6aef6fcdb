// Callers who asked to wait for the broker's word. In memory only: an answer they miss is in the order anyway.
import type { OrderId } from "../../domain/ids.ts";

export class Waiters {
  readonly #byOrder = new Map<OrderId, Set<() => void>>();

  /** Resolves when the order has moved, or after `waitMs`. */
  wait(id: OrderId, waitMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = this.#byOrder.get(id) ?? new Set();
    this.#byOrder.set(id, waiting.add(resolve));
    const timer = setTimeout(resolve, waitMs);
    return promise.finally(() => {
      clearTimeout(timer);
      waiting.delete(resolve);
      if (waiting.size === 0) this.#byOrder.delete(id);
    });
  }

  /** The order has moved. */
  tell(id: OrderId): void {
    for (const resolve of this.#byOrder.get(id) ?? []) resolve();
  }
}
