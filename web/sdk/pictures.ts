import { computed, type ReadonlySignal } from '@preact/signals-core';
import type { LocalMedia } from './devices';
import type { Picture, PictureSource } from './model';
import type { Seating } from './seats';

/** Pictures are everybody's, our own too: theirs from the line they sit on, ours from the device itself. */
export class Pictures {
  private readonly known = new Map<string, ReadonlySignal<Picture>>();

  constructor(
    private readonly self: ReadonlySignal<{ id: string } | null>,
    private readonly seating: Seating,
    private readonly local: Pick<LocalMedia, 'preview' | 'screenPreview'>,
  ) {}

  /** of is the signal of one picture, the same for the same arguments. */
  of(participant: string, source: PictureSource): ReadonlySignal<Picture> {
    const key = `${source} ${participant}`;
    let picture = this.known.get(key);
    if (!picture) {
      const theirs = this.seating.picture(participant, source);
      const ours = source === 'camera' ? this.local.preview : this.local.screenPreview;
      picture = computed(() => (this.self.value?.id === participant ? { stream: ours.value } : theirs.value));
      this.known.set(key, picture);
    }
    return picture;
  }
}
