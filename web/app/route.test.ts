// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest';
import { invitation, readLink, roomTitle, routeOf } from './route';

const origin = 'https://meet.example.org';

describe('what people paste', () => {
  it.each([
    ['https://meet.example.org/r/calm-olive-7xk2m9qd4t', 'calm-olive-7xk2m9qd4t'],
    ['  <https://meet.example.org/r/calm-olive-7xk2m9qd4t/>  ', 'calm-olive-7xk2m9qd4t'],
    ['HTTPS://MEET.EXAMPLE.ORG/r/team?lang=fr', 'team'],
    ['meet.example.org/r/team', 'team'],
    ['/r/team', 'team'],
    ['r/team', 'team'],
    ['calm-olive-7xk2m9qd4t', 'calm-olive-7xk2m9qd4t'],
    ['réunion du lundi', 'réunion-du-lundi'],
    ['https://meet.example.org/r/caf%C3%A9', 'café'],
    ['Team Monday', 'team-monday'],
  ])('%s leads to a room', (pasted, room) => expect(readLink(pasted, origin)).toMatchObject({ kind: 'room', room }));

  it('keeps the token of an invitation in the fragment', () => {
    expect(readLink(`${origin}/r/team#token=abc`, origin)).toEqual({ kind: 'room', room: 'team', hash: '#token=abc' });
  });

  it('says where a link to another server leads', () => {
    expect(readLink('https://other.example/r/team', origin)).toEqual({ kind: 'elsewhere', host: 'other.example' });
  });

  it.each(['', '   ', 'https://', `${origin}/`, `${origin}/x/y`, `${origin}/r/%E0%A4%A`, 'javascript:alert(1)', '../etc', '-x', 'a'.repeat(200), 'https://a b/r/c', '<!-- x'])(
    'refuses %j', (pasted) => expect(readLink(pasted, origin).kind).toBe('invalid'));
});

describe('addresses', () => {
  it.each([
    ['/', { page: 'home' }], ['/r/team', { page: 'room', room: 'team' }], ['/r/team/', { page: 'room', room: 'team' }],
    ['/r/', { page: 'nothing' }], ['/x', { page: 'nothing' }], ['/r/a/b', { page: 'nothing' }], ['/r/%zz', { page: 'nothing' }], ['/r/a.b', { page: 'nothing' }],
  ])('%s', (path, route) => expect(routeOf(path)).toEqual(route));

  it('invite without fragment or query', () => expect(invitation('café', origin)).toBe(`${origin}/r/caf%C3%A9`));
});

it.each([
  ['calm-olive-7xk2m9qd4t', 'Calm olive'], ['team-monday', 'Team monday'], ['a', 'A'], ['équipe_rouge', 'Équipe rouge'], ['2026', '2026'],
])('the title of %s is %s', (room, title) => expect(roomTitle(room)).toBe(title));
