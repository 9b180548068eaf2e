import { describe, expect, it } from 'vitest';
import { readSites } from './sites';

describe('sites as a host writes them', () => {
  it.each([
    ['nothing', ' \n', []],
    ['one a line', 'https://chat.example\nhttp://localhost:8080\n', ['https://chat.example', 'http://localhost:8080']],
    ['commas and the same again', 'https://chat.example, https://chat.example/', ['https://chat.example']],
    ['in their canonical form', 'HTTPS://Chat.Example:443 https://bücher.example http://[::1]:81', ['https://chat.example', 'https://xn--bcher-kva.example', 'http://[::1]:81']],
  ])('reads %s', (_, text, origins) => {
    expect(readSites(text)).toEqual({ origins, wrong: '' });
  });

  it.each([
    'chat.example', 'https://chat.example/room', 'https://chat.example/?a', 'https://chat.example?', 'https://me:secret@chat.example',
    'ftp://chat.example', 'javascript:alert(1)', 'https://*.example', 'https://', '*', "'self'", 'https://a_b.example',
  ])('takes %s for no site, and says so', (line) => {
    expect(readSites(`https://fine.example\n${line}`)).toEqual({ origins: [], wrong: line });
  });
});
