import { useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { CallState } from './state';

type Sink = HTMLAudioElement & { setSinkId?: (id: string) => Promise<void> };

function Line({ call, stream }: { call: CallState; stream: MediaStream }) {
  const audio = useRef<HTMLAudioElement>(null);
  useEffect(() => {
    const element = audio.current;
    if (!element) return undefined;
    element.srcObject = stream;
    void element.play?.()?.catch((refusal: unknown) => {
      if ((refusal as DOMException).name === 'NotAllowedError') call.soundBlocked.value = true;
    });
    return () => { element.srcObject = null; };
  }, [stream]);
  useSignalEffect(() => {
    const id = call.meeting.local.speakerId.value;
    // A speaker that was unplugged is refused; the sound stays where it was.
    void (audio.current as Sink | null)?.setSinkId?.(id).catch(() => undefined);
  });
  return <audio ref={audio} autoplay />;
}

/** Everything audible, one hidden element for each line. */
export function Sound({ call }: { call: CallState }) {
  return <div class="sound" hidden>{call.meeting.audible.value.map((stream) => <Line key={stream.id} call={call} stream={stream} />)}</div>;
}

/** Plays what the browser held back; to be called from a click. */
export function turnSoundOn(call: CallState): void {
  call.soundBlocked.value = false;
  document.querySelectorAll<HTMLAudioElement>('.sound audio').forEach((element) => void element.play().catch(() => { call.soundBlocked.value = true; }));
}
