/** Where choices outlive the page. */
export type Store = Pick<Storage, 'getItem' | 'setItem'>;

/** What is remembered of somebody's devices. */
export interface Choices {
  microphone: string;
  camera: string;
  speaker: string;
  microphoneOn: boolean;
  cameraOn: boolean;
}

const key = 'palabre.devices';
const first: Choices = { microphone: '', camera: '', speaker: '', microphoneOn: true, cameraOn: true };

/** browserStore is localStorage where the browser lets us have it, else null. */
export function browserStore(): Store | null {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null; // storage is blocked: an iframe of another site, a private window
  }
}

/** Memory keeps the choice of devices, and forgets nothing it could not write. */
export class Memory {
  private choices: Choices;

  constructor(private readonly store: Store | null) {
    this.choices = { ...first, ...read(store) };
  }

  get<K extends keyof Choices>(what: K): Choices[K] {
    return this.choices[what];
  }

  set<K extends keyof Choices>(what: K, value: Choices[K]): void {
    if (this.choices[what] === value) return;
    this.choices = { ...this.choices, [what]: value };
    try {
      this.store?.setItem(key, JSON.stringify(this.choices));
    } catch {
      // Full or blocked: the choice holds for this page.
    }
  }
}

function read(store: Store | null): Partial<Choices> {
  try {
    const found: unknown = JSON.parse(store?.getItem(key) ?? '{}');
    return typeof found === 'object' && found !== null ? fitting(found as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** Only what has the right type is believed: others write to this storage too. */
function fitting(found: Record<string, unknown>): Partial<Choices> {
  const entries = Object.entries(first).filter(([k, v]) => typeof found[k] === typeof v);
  return Object.fromEntries(entries.map(([k]) => [k, found[k]]));
}
