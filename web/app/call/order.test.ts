import { describe, expect, it } from 'vitest';
import { emptyOrder, hear, hold, keepOrder } from './order';

const five = keepOrder(emptyOrder, ['a', 'b', 'c', 'd', 'e']);

describe('places on the stage', () => {
  it('stay when others come and go', () => {
    expect(keepOrder(five, ['e', 'd', 'c', 'a', 'x']).ids).toEqual(['a', 'c', 'd', 'e', 'x']);
  });

  it('are the same object when nothing changed, so that nothing is drawn anew', () => {
    expect(keepOrder(five, ['e', 'd', 'c', 'b', 'a'])).toBe(five);
  });

  it('do not change when somebody on the page speaks', () => {
    expect(hear(hear(five, 'b', 3, 0), 'b', 3, hold * 2).ids).toEqual(five.ids);
  });

  it('do not change before the floor was held for two seconds', () => {
    expect(hear(hear(five, 'e', 3, 0), 'e', 3, hold - 1).ids).toEqual(five.ids);
  });

  it('are swapped with the longest silent one after that', () => {
    const before = hear(hear(five, 'a', 3, 0), 'b', 3, 100);
    const after = hear(hear(before, 'e', 3, 200), 'e', 3, 200 + hold);
    expect(after.ids).toEqual(['a', 'b', 'e', 'd', 'c']);
  });

  it('are not swapped for two who interrupt each other', () => {
    let order = five;
    for (let time = 0; time < 10_000; time += 500) order = hear(order, (time / 500) % 2 ? 'd' : 'e', 3, time);
    expect(order.ids).toEqual(five.ids);
  });

  it('forget the floor of who left', () => {
    expect(keepOrder(hear(five, 'e', 3, 0), ['a', 'b']).floor).toBeNull();
  });
});
