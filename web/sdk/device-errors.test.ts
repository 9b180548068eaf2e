import { expect, test } from 'vitest';
import { classify } from './device-errors';

test.each([
  ['NotAllowedError', 'Permission denied', 'denied'],
  ['NotAllowedError', 'Permission denied by system', 'denied'],
  ['NotReadableError', 'Could not start video source', 'busy'],
  ['NotReadableError', 'Failed due to hardware error', 'system'],
  ['AbortError', 'Starting videoinput failed', 'system'],
  ['NotFoundError', 'Requested device not found', 'none'],
  ['OverconstrainedError', '', 'none'],
  ['SecurityError', '', 'system'],
  ['TypeError', "undefined is not an object (evaluating 'navigator.mediaDevices')", 'system'],
  ['SomethingNew', '', 'system'],
])('%s "%s" is %s', (name, message, kind) => {
  expect(classify({ name, message })).toBe(kind);
});

test.each([undefined, null, 'text', 7])('%s is the system', (value) => {
  expect(classify(value)).toBe('system');
});
