import { effect, type ReadonlySignal } from '@preact/signals-core';
import type { Media } from './protocol';
import type { Wire } from './wire';

/** Announcer tells the server what we send, once each time it changes. */
export class Announcer {
  private told = '';

  constructor(
    private readonly sending: ReadonlySignal<Media>,
    private readonly wire: Pick<Wire, 'send'>,
  ) {}

  /** now is what we send, for a message that says so itself. */
  now(): Media {
    const media = this.sending.peek();
    this.told = JSON.stringify(media);
    return media;
  }

  /** forget has it said again: the server may not have heard. */
  forget(): void {
    this.told = '';
  }

  /** watch begins, for the times when the server listens; the function it returns ends it. */
  watch(listens: () => boolean): () => void {
    return effect(() => {
      const sending = this.sending.value;
      if (!listens()) return;
      const text = JSON.stringify(sending);
      if (text !== this.told && this.wire.send('media', sending)) this.told = text;
    });
  }
}
