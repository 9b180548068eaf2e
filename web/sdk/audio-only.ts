import { computed, signal, type ReadonlySignal } from '@preact/signals-core';
import type { LocalMedia } from './devices';
import type { Incoming } from './model';
import type { Viewing } from './viewing';

/** AudioOnly is a meeting by ear: no pictures come in and our camera is off, until all is given back as it was. */
export class AudioOnly {
  /** It holds; not any more once somebody turns the camera or incoming pictures on. */
  readonly on: ReadonlySignal<boolean>;
  private readonly before = signal<{ incoming: Incoming; camera: boolean } | null>(null);

  constructor(
    private readonly viewing: Viewing,
    private readonly local: Pick<LocalMedia, 'camera' | 'setCamera'>,
  ) {
    this.on = computed(() => this.before.value !== null && viewing.incoming.value === 'none' && !local.camera.value.on);
  }

  set(on: boolean): void {
    if (on === this.on.peek()) return;
    const { viewing, local } = this;
    if (on) {
      this.before.value = { incoming: viewing.incoming.peek(), camera: local.camera.peek().on };
      viewing.take('none');
      void local.setCamera(false, false); // for this meeting only
      return;
    }
    const { incoming, camera } = this.before.peek() ?? { incoming: 'all', camera: false };
    this.before.value = null;
    viewing.take(incoming);
    if (camera) void local.setCamera(true, false);
  }
}
