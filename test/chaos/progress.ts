// How many intents are through, and who waits for so many.
export type Progress = {
  readonly reached: (intents: number) => Promise<void>;
  readonly advance: () => void;
  readonly intents: () => number;
};

export function startProgress(): Progress {
  let intents = 0;
  let waiting: { readonly intents: number; readonly resolve: () => void }[] = [];
  return {
    reached: (wanted) =>
      new Promise((resolve) => {
        if (intents >= wanted) resolve();
        else waiting.push({ intents: wanted, resolve });
      }),
    advance: () => {
      intents += 1;
      for (const { intents: wanted, resolve } of waiting) if (wanted <= intents) resolve();
      waiting = waiting.filter(({ intents: wanted }) => wanted > intents);
    },
    intents: () => intents,
  };
}
