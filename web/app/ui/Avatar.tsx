import { hue, initials } from '../person';

/** A person without a picture: initials on a colour of their own. */
export function Avatar({ name, class: extra = '' }: { name: string; class?: string }) {
  return <span class={`avatar hue-${hue(name)} ${extra}`} aria-hidden="true">{initials(name)}</span>;
}
