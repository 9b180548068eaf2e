import { useEffect, useRef } from 'preact/hooks';

interface Props { stream: MediaStream | null; class?: string; label?: string; onSize?: (width: number, height: number) => void }

/** A silent moving picture of a stream. Keeps its last frame while the stream pauses. */
export function Video({ stream, class: extra = '', label, onSize }: Props) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const element = video.current;
    if (!element || element.srcObject === stream) return;
    element.srcObject = stream;
    // Autoplay of a muted video is allowed everywhere but in power-saving modes, where a tap starts it.
    if (stream) void element.play?.()?.catch(() => undefined);
  }, [stream]);
  useEffect(() => () => { if (video.current) video.current.srcObject = null; }, []);
  const size = () => { if (video.current) onSize?.(video.current.videoWidth, video.current.videoHeight); };
  return <video ref={video} class={extra} autoplay muted playsInline disablePictureInPicture aria-label={label} aria-hidden={label ? undefined : 'true'} onResize={size} onLoadedMetadata={size} />;
}
