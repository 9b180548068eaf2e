/**
 * Scripts for the pages of the screenshots: a drawn person instead of the
 * browser's test pattern, and a drawn document as the shared screen. They run in the page.
 */
export interface Look {
  hue: number;
  skin: string;
  hair: string;
  style: 'short' | 'long' | 'bun' | 'bald' | 'curly';
  speaks: boolean;
}

export const looks: Look[] = [
  { hue: 160, skin: '#e8b48f', hair: '#3a2a22', style: 'long', speaks: false },
  { hue: 210, skin: '#f1c9a5', hair: '#b3763a', style: 'short', speaks: true },
  { hue: 28, skin: '#8d5a3b', hair: '#1d1512', style: 'curly', speaks: false },
  { hue: 265, skin: '#d79c74', hair: '#20242c', style: 'bun', speaks: false },
  { hue: 340, skin: '#f3d3b9', hair: '#8a8a88', style: 'short', speaks: false },
  { hue: 95, skin: '#6d432b', hair: '#120d0b', style: 'bald', speaks: false },
  { hue: 190, skin: '#eac09c', hair: '#d8b268', style: 'long', speaks: false },
  { hue: 12, skin: '#c98b63', hair: '#33211a', style: 'curly', speaks: false },
  { hue: 300, skin: '#f0c8ab', hair: '#5b2f22', style: 'bun', speaks: false },
  { hue: 45, skin: '#a86f4a', hair: '#17110e', style: 'short', speaks: false },
  { hue: 225, skin: '#f4d8c4', hair: '#c9c5bd', style: 'bald', speaks: false },
  { hue: 130, skin: '#dba57d', hair: '#2b1c15', style: 'long', speaks: false },
];

/** Replaces the camera, microphone and screen of a page by drawings. */
export function drawDevices(look: Look): void {
  const canvas = document.createElement('canvas');
  canvas.width = 1280;
  canvas.height = 720;
  const context = canvas.getContext('2d')!;

  const person = (time: number) => {
    const sway = Math.sin(time / 900) * 6;
    const room = context.createLinearGradient(0, 0, 1280, 720);
    room.addColorStop(0, `hsl(${look.hue} 28% 78%)`);
    room.addColorStop(1, `hsl(${look.hue} 32% 52%)`);
    context.fillStyle = room;
    context.fillRect(0, 0, 1280, 720);
    context.fillStyle = `hsl(${look.hue} 30% 88% / 0.6)`;
    context.fillRect(120, 70, 260, 330);
    context.fillStyle = `hsl(${look.hue} 25% 38% / 0.5)`;
    for (let shelf = 0; shelf < 3; shelf++) {
      context.fillRect(930, 120 + shelf * 120, 250, 10);
      for (let book = 0; book < 6; book++) context.fillRect(945 + book * 36, 62 + shelf * 120 + ((book * 17) % 26), 24, 58 - ((book * 17) % 26));
    }
    const ellipse = (x: number, y: number, rx: number, ry: number, color: string) => {
      context.fillStyle = color;
      context.beginPath();
      context.ellipse(x + sway, y, rx, ry, 0, 0, Math.PI * 2);
      context.fill();
    };
    if (look.style === 'long') ellipse(640, 380, 190, 270, look.hair);
    if (look.style === 'bun') ellipse(640, 130, 70, 66, look.hair);
    ellipse(640, 800, 340, 240, `hsl(${(look.hue + 180) % 360} 38% 42%)`);
    context.fillStyle = look.skin;
    context.fillRect(585 + sway, 470, 110, 120);
    if (look.style === 'curly') for (let i = 0; i < 9; i++) ellipse(480 + i * 40, 235 - Math.sin((i / 8) * Math.PI) * 70, 74, 74, look.hair);
    else if (look.style !== 'bald') ellipse(640, 300, 172, 184, look.hair);
    ellipse(640, 350, 148, 182, look.skin);
    if (look.style !== 'bald' && look.style !== 'curly') {
      context.fillStyle = look.hair;
      context.beginPath();
      context.ellipse(640 + sway, 236, 146, 74, 0, Math.PI, 0);
      context.fill();
    }
    const blink = time % 3400 < 130 ? 3 : 15;
    ellipse(586, 342, 14, blink, '#23201f');
    ellipse(694, 342, 14, blink, '#23201f');
    const mouth = look.speaks ? 10 + Math.abs(Math.sin(time / 130)) * 20 : 7;
    ellipse(640, 448, 44, mouth, '#8c3b3b');
  };

  let drawn = false;
  const draw = (time: number) => {
    person(time);
    drawn = true;
  };
  setInterval(() => draw(performance.now()), 100);

  const sound = (): MediaStreamTrack => {
    const audio = new AudioContext();
    const out = audio.createMediaStreamDestination();
    const gain = audio.createGain();
    gain.gain.value = 0;
    // As people talk: syllables, and now and then a breath.
    const talk = () => {
      const time = performance.now();
      const loud = time % 4_000 < 3_300 && time % 240 < 170;
      gain.gain.setTargetAtTime(loud ? 0.3 : 0, audio.currentTime, 0.015);
    };
    if (look.speaks) setInterval(talk, 20);
    const voice = audio.createOscillator();
    voice.type = 'sawtooth';
    voice.frequency.value = 140;
    voice.connect(gain).connect(out);
    voice.start();
    return out.stream.getAudioTracks()[0]!;
  };

  navigator.mediaDevices.getUserMedia = async (wanted) => {
    if (!drawn) draw(0);
    const stream = new MediaStream();
    if (wanted?.video) stream.addTrack(canvas.captureStream(10).getVideoTracks()[0]!);
    if (wanted?.audio) stream.addTrack(sound());
    return stream;
  };

  navigator.mediaDevices.getDisplayMedia = async () => {
    const screen = document.createElement('canvas');
    screen.width = 1920;
    screen.height = 1080;
    const pen = screen.getContext('2d')!;
    const paint = () => {
      pen.fillStyle = '#fdfcf9';
      pen.fillRect(0, 0, 1920, 1080);
      pen.fillStyle = '#1f7a4d';
      pen.fillRect(0, 0, 1920, 14);
      pen.fillStyle = '#1b2125';
      pen.font = '600 64px system-ui, sans-serif';
      pen.fillText('Spring plan', 110, 140);
      pen.font = '34px system-ui, sans-serif';
      pen.fillStyle = '#5a646b';
      pen.fillText('What we promised, what it takes, who does it', 110, 200);
      const rows = [
        ['Open the village hall', '12 March', 'Ana', 0.9],
        ['New well at the school', '4 April', 'Benoît', 0.65],
        ['Repair the east bridge', '2 May', 'Chidi', 0.4],
        ['Plant the orchard', '20 May', 'Dalia', 0.2],
        ['Market by bicycle', '11 June', 'Émile', 0.1],
      ] as const;
      rows.forEach(([what, when, who, done], i) => {
        const y = 330 + i * 130;
        pen.fillStyle = '#e4e1da';
        pen.fillRect(110, y + 50, 1700, 2);
        pen.fillStyle = '#1b2125';
        pen.font = '38px system-ui, sans-serif';
        pen.fillText(what, 110, y + 10);
        pen.fillStyle = '#5a646b';
        pen.fillText(when, 760, y + 10);
        pen.fillText(who, 1020, y + 10);
        pen.fillStyle = '#e4e1da';
        pen.fillRect(1280, y - 22, 530, 34);
        pen.fillStyle = '#1f7a4d';
        pen.fillRect(1280, y - 22, 530 * done, 34);
      });
    };
    paint();
    setInterval(paint, 200);
    return new MediaStream([screen.captureStream(5).getVideoTracks()[0]!]);
  };
}
