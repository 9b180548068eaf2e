/**
 * A page of small print to share, and how much of it can be read where it
 * arrives. Both functions run in a page and draw the same.
 */
export interface Region {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Where the text of the chart is. */
export const text: Region = { x: 96, y: 120, width: 1728, height: 840 };

/** Shares the chart, at 1920x1080; `window.page` is which page it shows. */
export function shareChart(): void {
  const here = window as unknown as { page: number; drawChart: (pen: CanvasRenderingContext2D, page: number) => void };
  here.page = 1;
  here.drawChart = (pen, page) => {
    const words = 'the quick brown fox jumps over a lazy dog while seven wizards vex jolly quartz sphinx 0123456789 {}[]();=>'.split(' ');
    pen.fillStyle = '#fdfdfb';
    pen.fillRect(0, 0, 1920, 1080);
    pen.textBaseline = 'top';
    for (let row = 0; row < 30; row++) {
      pen.fillStyle = row % 5 === 4 ? '#0b57a4' : '#1b2125';
      pen.font = `${row % 7 === 0 ? 600 : 400} ${15 + (row % 4)}px monospace`;
      const line = Array.from({ length: 24 }, (_, i) => words[(row * 7 + i * 5 + page * 3) % words.length]).join(' ');
      pen.fillText(line, 96, 120 + row * 28, 1728);
    }
  };
  navigator.mediaDevices.getDisplayMedia = async () => {
    const canvas = document.createElement('canvas');
    canvas.width = 1920;
    canvas.height = 1080;
    const pen = canvas.getContext('2d')!;
    const draw = () => {
      here.drawChart(pen, here.page);
      // A caret blinks outside the text: a screen with nothing new sends nothing.
      pen.fillStyle = Math.floor(performance.now() / 500) % 2 ? '#1b2125' : '#fdfdfb';
      pen.fillRect(96, 1000, 12, 24);
    };
    draw();
    setInterval(draw, 200);
    return new MediaStream([canvas.captureStream(5).getVideoTracks()[0]!]);
  };
}

/**
 * The mean structural similarity (Wang et al. 2004) of the luma of a region of
 * somebody's shared screen with the chart it is of, in windows of 8x8 pixels;
 * 0 while there is no picture of full size.
 */
export function similarity({ id, region, page }: { id: string; region: Region; page: number }): number {
  const here = window as unknown as { drawChart: (pen: CanvasRenderingContext2D, page: number) => void };
  const video = document.querySelector<HTMLVideoElement>(`[data-participant="${id}"][data-source="screen"] video`);
  if (!video || video.videoWidth !== 1920 || video.videoHeight !== 1080) return 0;
  const luma = (draw: (pen: CanvasRenderingContext2D) => void): Float32Array => {
    const canvas = document.createElement('canvas');
    canvas.width = 1920;
    canvas.height = 1080;
    const pen = canvas.getContext('2d', { willReadFrequently: true })!;
    draw(pen);
    const { data } = pen.getImageData(region.x, region.y, region.width, region.height);
    return Float32Array.from({ length: data.length / 4 }, (_, i) => 0.299 * data[4 * i]! + 0.587 * data[4 * i + 1]! + 0.114 * data[4 * i + 2]!);
  };
  const want = luma((pen) => here.drawChart(pen, page));
  const got = luma((pen) => pen.drawImage(video, 0, 0));
  const [c1, c2, size] = [(0.01 * 255) ** 2, (0.03 * 255) ** 2, 8];
  let sum = 0;
  let windows = 0;
  for (let top = 0; top + size <= region.height; top += size) {
    for (let left = 0; left + size <= region.width; left += size) {
      let [a, b, aa, bb, ab] = [0, 0, 0, 0, 0];
      for (let y = top; y < top + size; y++) {
        for (let x = left; x < left + size; x++) {
          const [p, q] = [want[y * region.width + x]!, got[y * region.width + x]!];
          [a, b, aa, bb, ab] = [a + p, b + q, aa + p * p, bb + q * q, ab + p * q];
        }
      }
      const n = size * size;
      [a, b, aa, bb, ab] = [a / n, b / n, aa / n, bb / n, ab / n];
      const [va, vb, cov] = [aa - a * a, bb - b * b, ab - a * b];
      sum += ((2 * a * b + c1) * (2 * cov + c2)) / ((a * a + b * b + c1) * (va + vb + c2));
      windows++;
    }
  }
  return sum / windows;
}
