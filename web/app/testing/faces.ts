/** Moving pictures of people and screens, drawn: for looking at the page without cameras. */

const walls = ['#cfd8d2', '#d9cfc2', '#b9c7d4', '#d3c3c9', '#c8cfb9', '#a9b5b4', '#d8d4c4', '#bcb6c9'];
const skins = ['#e8b894', '#8d5a3c', '#f1cba9', '#c68a5f', '#6e4630', '#dca57f', '#f4d6bd', '#a76d48'];
const hairs = ['#2b211c', '#111111', '#8a5a2b', '#3b2a20', '#1b1512', '#59402c', '#c9a25f', '#241a16'];
const shirts = ['#2f5d50', '#b5533c', '#33466b', '#7a4b72', '#c08a2d', '#3f4a52', '#5b7d3a', '#8c3f4d'];

function bust(c: CanvasRenderingContext2D, w: number, h: number, n: number, sway: number): void {
  const x = w / 2 + sway;
  const r = Math.min(w, h) * 0.19;
  const y = h * 0.43;
  const pick = (list: string[]) => list[n % list.length] ?? '#000';
  c.fillStyle = pick(shirts);
  c.beginPath();
  c.ellipse(x, h + r * 0.5, r * 2.3, r * 2.1, 0, Math.PI, 0);
  c.fill();
  c.fillStyle = pick(hairs);
  c.beginPath();
  c.ellipse(x, y - r * 0.1, r * 1.13, r * (n % 2 ? 1.45 : 1.22), 0, 0, Math.PI * 2);
  c.fill();
  c.fillStyle = pick(skins);
  c.fillRect(x - r * 0.38, y + r * 0.7, r * 0.76, r * 0.9);
  c.beginPath();
  c.ellipse(x, y + r * 0.12, r * 0.88, r * 1.1, 0, 0, Math.PI * 2);
  c.fill();
  c.fillStyle = pick(hairs);
  c.beginPath();
  c.ellipse(x, y - r * 0.78, r * 0.98, r * 0.52, 0, 0, Math.PI * 2);
  c.fill();
  c.fillStyle = '#241c18';
  for (const side of [-1, 1]) {
    c.beginPath();
    c.arc(x + side * r * 0.34, y + r * 0.05, r * 0.07, 0, 7);
    c.fill();
  }
  c.strokeStyle = '#7a3b33';
  c.lineWidth = r * 0.07;
  c.beginPath();
  c.arc(x, y + r * 0.42, r * 0.3, 0.25, Math.PI - 0.25);
  c.stroke();
}

function room(c: CanvasRenderingContext2D, w: number, h: number, n: number): void {
  const wall = walls[n % walls.length] ?? '#ccc';
  const light = c.createLinearGradient(0, 0, w, h);
  light.addColorStop(0, wall);
  light.addColorStop(1, '#6f7a78');
  c.fillStyle = light;
  c.fillRect(0, 0, w, h);
  c.fillStyle = '#ffffff40';
  c.fillRect(w * (n % 2 ? 0.07 : 0.72), h * 0.1, w * 0.2, h * 0.42);
  c.fillStyle = '#00000022';
  c.fillRect(w * (n % 2 ? 0.7 : 0.05), h * 0.3, w * 0.22, h * 0.03);
}

function sheet(c: CanvasRenderingContext2D, w: number, h: number): void {
  c.fillStyle = '#ffffff';
  c.fillRect(0, 0, w, h);
  c.fillStyle = '#1f3b57';
  c.fillRect(0, 0, w, h * 0.09);
  c.fillStyle = '#1b2125';
  c.font = `600 ${h * 0.06}px sans-serif`;
  c.fillText('Harvest plan, second half', w * 0.06, h * 0.22);
  c.font = `${h * 0.033}px sans-serif`;
  ['Olives: 12 t expected, press booked from 3 November', 'Water: wells at 71 %, drip lines in the north field', 'People: four more hands for the last two weeks'].forEach((text, i) => c.fillText(`•  ${text}`, w * 0.06, h * (0.31 + i * 0.065)));
  [0.5, 0.72, 0.6, 0.9, 0.78, 0.66, 0.95].forEach((tall, i) => {
    c.fillStyle = i === 6 ? '#1f7a4d' : '#b9d6c7';
    c.fillRect(w * (0.07 + i * 0.125), h * (0.93 - tall * 0.36), w * 0.08, h * tall * 0.36);
  });
}

/** A stream of a drawn person or screen. */
export function picture(n: number, kind: 'person' | 'screen' = 'person', size: [number, number] = [640, 360]): MediaStream {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = kind === 'screen' ? [1600, 900] : size;
  const c = canvas.getContext('2d');
  let tick = 0;
  const draw = () => {
    if (!c) return;
    tick += 1;
    if (kind === 'screen') sheet(c, canvas.width, canvas.height);
    else {
      room(c, canvas.width, canvas.height, n);
      bust(c, canvas.width, canvas.height, n, Math.sin(tick / 6 + n) * 6);
    }
  };
  draw();
  setInterval(draw, 250);
  return canvas.captureStream(4);
}
