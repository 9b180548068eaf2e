import { expect } from 'vitest';

export interface Item {
  id: string;
  injected: string;
  measured: string;
  bar: string;
  pass: boolean;
}

/** Prints a row of the catalogue's table, in the form the Go tests use, and fails when it did not pass. */
export function report(item: Item): void {
  process.stdout.write(`catalogue: ${JSON.stringify(item)}\n`);
  expect(item.pass, `${item.id}: measured ${item.measured}, bar ${item.bar}`).toBe(true);
}
