import type { Guest } from './guest';
import { until } from './until';

/** How many pixels of a drawing are inked around a place of the picture, given as parts of its width and height. */
export function ink(guest: Guest, x: number, y: number, where = '.tile[data-source="screen"] .drawing'): Promise<number> {
  return guest.evaluate(
    ({ x, y, where }) => {
      let inked = 0;
      for (const canvas of document.querySelectorAll<HTMLCanvasElement>(`${where} canvas`)) {
        const size = Math.max(2, Math.round(canvas.width * 0.02));
        const left = Math.round(canvas.width * x - size / 2);
        const top = Math.round(canvas.height * y - size / 2);
        const { data } = canvas.getContext('2d')!.getImageData(left, top, size, size);
        for (let i = 3; i < data.length; i += 4) if (data[i]! > 60) inked += 1;
      }
      return inked;
    },
    { x, y, where },
  );
}

/** The overlay and the picture under it, in pixels of the page. */
export function places(guest: Guest): Promise<{ overlay: DOMRect; picture: { x: number; y: number; width: number; height: number } }> {
  return guest.evaluate(() => {
    const tile = document.querySelector<HTMLElement>('.tile[data-source="screen"]')!;
    const video = tile.querySelector('video')!;
    const box = video.getBoundingClientRect();
    const scale = Math.min(box.width / video.videoWidth, box.height / video.videoHeight);
    const [width, height] = [video.videoWidth * scale, video.videoHeight * scale];
    return {
      overlay: tile.querySelector('.drawing')!.getBoundingClientRect().toJSON() as DOMRect,
      picture: { x: box.x + (box.width - width) / 2, y: box.y + (box.height - height) / 2, width, height },
    };
  });
}

/** A mouse of either driver of browsers. */
interface Mouse {
  move(x: number, y: number, options?: { steps?: number }): Promise<void>;
  down(): Promise<void>;
  up(): Promise<void>;
}

/** Moves the mouse over the shared picture with its button down, by parts of its width and height. */
export async function stroke(guest: Guest & { readonly page: { readonly mouse: Mouse } }, ...points: [number, number][]): Promise<void> {
  let { overlay } = await places(guest);
  await until('the share to stand still', async () => {
    const { overlay: now, picture } = await places(guest);
    const still = (['x', 'y', 'width', 'height'] as const).every((side) => now[side] === overlay[side] && Math.abs(now[side] - picture[side]) < 2);
    overlay = now;
    return still;
  });
  const at = ([x, y]: [number, number]): [number, number] => [overlay.x + x * overlay.width, overlay.y + y * overlay.height];
  const { mouse } = guest.page;
  await mouse.move(...at(points[0]!));
  await mouse.down();
  for (const point of points.slice(1)) await mouse.move(...at(point), { steps: 12 });
  await mouse.up();
}
