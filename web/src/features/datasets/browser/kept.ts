import { type Dispatch, type SetStateAction, useLayoutEffect, useState } from 'react';

/** Values by the place they belong to, of the places used last. */
export class Kept<T> {
  #values = new Map<string, T>();

  constructor(private readonly most: number) {}

  get(place: string): T | undefined {
    return this.#values.get(place);
  }

  keep(place: string, value: T): void {
    this.#values.delete(place); // so that it comes last
    this.#values.set(place, value);
    for (const [oldest] of this.#values)
      if (this.#values.size > this.most) this.#values.delete(oldest);
      else break;
  }
}

/**
 * State that is there again when its component comes back, as long as the window is open. `store` outlives the
 * component; a component stays at one `place`.
 */
export function useKept<T>(store: Kept<T>, place: string, start: T): [T, Dispatch<SetStateAction<T>>] {
  const [value, setValue] = useState(() => store.get(place) ?? start);
  useLayoutEffect(() => store.keep(place, value), [store, place, value]);
  return [value, setValue];
}
