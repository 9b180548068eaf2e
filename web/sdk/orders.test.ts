import { describe, expect, it, vi } from 'vitest';
import { signal } from '@preact/signals-core';
import { Orders } from './orders';
import type { Action, AskedWhat, Room, ServerMessage } from './protocol';

function devices() {
  const on = <T>() => signal({ on: true } as T);
  return {
    microphone: on<never>(), camera: on<never>(), screen: on<never>(),
    setMicrophone: vi.fn(async () => undefined), setCamera: vi.fn(async () => undefined), stopScreen: vi.fn(),
  };
}

function room(may: Action[], more: Partial<Room> = {}): ServerMessage {
  return { type: 'room', data: { kind: 'temporary', role: 'guest', may, lobby: false, locked: false, password: false, muteOnEntry: false, audioOnly: false, ...more } };
}

function asked(what: AskedWhat, participant = 'me'): ServerMessage {
  return { type: 'asked', data: { what, participant } };
}

describe('what a host takes off', () => {
  it('goes off here too, and is not remembered for the next meeting', () => {
    const local = devices();
    const orders = new Orders(local, () => undefined);
    for (const what of ['muted', 'camera-off', 'share-off'] as const) orders.apply(asked(what), 'me');
    expect(local.setMicrophone.mock.calls).toEqual([[false, false]]);
    expect(local.setCamera.mock.calls).toEqual([[false, false]]);
    expect(local.stopScreen).toHaveBeenCalledTimes(1);
  });

  it('is nothing to us when it is somebody else’s, or a mere wish', () => {
    const local = devices();
    const orders = new Orders(local, () => undefined);
    orders.apply(asked('muted', 'ana'), 'me');
    orders.apply(asked('unmute'), 'me');
    orders.apply(asked('camera-on'), 'me');
    expect(local.setMicrophone).not.toHaveBeenCalled();
    expect(local.setCamera).not.toHaveBeenCalled();
  });
});

describe('other powers', () => {
  it('that are fewer switch off what may not be sent any more', () => {
    const local = devices();
    const orders = new Orders(local, () => undefined);
    orders.apply(room(['publish', 'share']), 'me');
    expect(local.setMicrophone).not.toHaveBeenCalled();
    orders.apply(room(['publish', 'share'], { audioOnly: true }), 'me');
    expect(local.setMicrophone).not.toHaveBeenCalled();
    expect(local.setCamera).toHaveBeenCalledTimes(1);
    expect(local.stopScreen).toHaveBeenCalledTimes(1);
    orders.apply(room([]), 'me');
    expect(local.setMicrophone).toHaveBeenCalledTimes(1);
  });

  it('that are more ask for a new offer, and the first ones for none', () => {
    const reopen = vi.fn();
    const orders = new Orders(devices(), reopen);
    orders.apply(room([]), 'me');
    orders.apply(room(['chat']), 'me');
    expect(reopen).not.toHaveBeenCalled();
    orders.apply(room(['chat', 'publish']), 'me');
    orders.apply(room(['chat', 'publish']), 'me');
    expect(reopen).toHaveBeenCalledTimes(1);
  });
});
