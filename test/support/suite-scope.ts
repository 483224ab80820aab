import { after } from 'node:test';

/** Something to register an end with. */
export interface Scope {
  after(end: () => unknown): void;
}

/** Of the file or the `describe` that it is called in: its ends run in reverse when all of its tests are done. */
export function suiteScope(): Scope {
  const ends: (() => unknown)[] = [];
  after(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  return { after: (end) => ends.push(end) };
}
