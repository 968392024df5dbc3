import type { Shop, ShopTransaction } from "../src/shop.ts";

/** What a run registers for its completion, and the commit of it. */
export interface GatheredEffects {
  readonly onCommit: (effect: (tx: ShopTransaction) => Promise<void>) => void;
  /** Does what the worker does once the handler has returned. */
  readonly commit: () => Promise<void>;
}

export function gatherEffects({ store }: Pick<Shop, "store">): GatheredEffects {
  const effects: ((tx: ShopTransaction) => Promise<void>)[] = [];
  return {
    onCommit: (effect) => void effects.push(effect),
    commit: () =>
      store.transaction(async (tx) => {
        for (const effect of effects) await effect(tx);
      }),
  };
}
