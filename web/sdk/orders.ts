import type { LocalMedia } from './devices';
import type { Action, AskedWhat, Room, ServerMessage } from './protocol';

type Devices = Pick<LocalMedia, 'setMicrophone' | 'setCamera' | 'stopScreen' | 'microphone' | 'camera' | 'screen'>;

/**
 * Orders has our devices follow what a host did: what was taken off on the
 * server is switched off here too, so that nobody is filmed for nothing. What
 * we are merely asked for is for the page to ask.
 */
export class Orders {
  private may: readonly Action[] | null = null;

  /** reopen is called when we may send more than before: the lines want a new offer. */
  constructor(
    private readonly local: Devices,
    private readonly reopen: () => void,
  ) {}

  apply(message: ServerMessage, self: string): void {
    if (message.type === 'asked' && message.data.participant === self) this.obey(message.data.what);
    if (message.type === 'room') this.follow(message.data);
    if (message.type === 'joined' && message.data.about) this.follow(message.data.about);
  }

  private obey(what: AskedWhat): void {
    // The next meeting begins as this person likes it, not as a host once did.
    if (what === 'muted') void this.local.setMicrophone(false, false);
    if (what === 'camera-off') void this.local.setCamera(false, false);
    if (what === 'share-off') this.local.stopScreen();
  }

  /** Our powers, and what the room lets anybody send, are now others. */
  private follow({ may, audioOnly }: Room): void {
    const before = this.may;
    this.may = may;
    if (!may.includes('publish') && this.local.microphone.peek().on) this.obey('muted');
    if ((!may.includes('publish') || audioOnly) && this.local.camera.peek().on) this.obey('camera-off');
    if ((!may.includes('share') || audioOnly) && this.local.screen.peek().on) this.obey('share-off');
    if (before && (['publish', 'share'] as const).some((action) => may.includes(action) && !before.includes(action))) this.reopen();
  }
}
