import { describe, expect, it } from 'vitest';
import { may } from './permissions';
import { FakeMeeting } from './testing/fake';

describe('permissions', () => {
  it('are what the server says, also when it changes its mind', () => {
    const meeting = new FakeMeeting();
    expect([may(meeting.session, 'publish'), may(meeting.session, 'deny')]).toEqual([true, true]);
    meeting.about.value = { ...meeting.about.value, may: ['chat'] };
    expect([may(meeting.session, 'publish'), may(meeting.session, 'deny'), may(meeting.session, 'chat')]).toEqual([false, false, true]);
  });
});
