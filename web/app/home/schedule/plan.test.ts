import { describe, expect, it } from 'vitest';
import { addresses, choices, missing, rule, type Plan } from './plan';

describe('what the form asks the server for', () => {
  it.each([
    ['never', '2026-03-02', '', ''],
    ['daily', '2026-03-02', '', 'FREQ=DAILY'],
    ['weekdays', '2026-03-02', '', 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR'],
    ['weekly', '2026-03-04', '2026-06-30', 'FREQ=WEEKLY;BYDAY=WE;UNTIL=20260630'],
    ['fortnightly', '2026-03-08', '', 'FREQ=WEEKLY;INTERVAL=2;BYDAY=SU'],
    ['monthly', '2026-03-02', '', 'FREQ=MONTHLY;BYDAY=1MO'],
    ['monthly', '2026-03-31', '', 'FREQ=MONTHLY;BYDAY=-1TU'],
  ] as const)('%s from %s until %s', (repeat, day, until, want) => {
    expect(rule({ repeat, day, until })).toBe(want);
  });

  it('offers working days to meetings that begin on one', () => {
    expect(choices('2026-03-02')).toContain('weekdays');
    expect(choices('2026-03-07')).not.toContain('weekdays');
    expect(choices('')).not.toContain('weekdays');
  });

  it('reads addresses however they are separated', () => {
    expect(addresses(' ana@example.org, ben@example.org;\ncy@example.org\n')).toEqual([
      { email: 'ana@example.org' }, { email: 'ben@example.org' }, { email: 'cy@example.org' },
    ]);
    expect(addresses('  ')).toEqual([]);
  });

  it('asks for a title, a day and a time', () => {
    const plan = { title: 'Round', day: '2026-03-02', time: '09:00' } as Plan;
    expect(missing(plan)).toBeNull();
    expect(missing({ ...plan, title: ' ' })).toBe('schedule.titleNeeded');
    expect(missing({ ...plan, time: '' })).toBe('schedule.timeNeeded');
  });
});
