const people: [x: number, y: number, hue: number][] = [[78, 352, 0], [142, 374, 4], [212, 384, 3], [282, 374, 6], [346, 352, 1]];

/** The village tree with people under it; only for the eye. */
export function Tree() {
  return (
    <svg class="home-tree" viewBox="0 0 424 440" aria-hidden="true" focusable="false">
      <path class="tree-trunk" d="M196 210h36l6 130c1 22 12 36 30 44H160c18-8 29-22 30-44z" />
      <path class="tree-crown" d="M212 22c46 0 74 22 86 44c52 2 92 34 92 82c0 54-48 88-110 88H144c-62 0-110-34-110-88c0-48 40-80 92-82c12-22 40-44 86-44z" />
      <path class="tree-leaf" d="M212 22c46 0 74 22 86 44c-30-2-52 8-66 28c-22-14-56-12-78 8c-6-16-16-28-28-36c12-22 40-44 86-44z" />
      <path class="tree-ground" d="M24 420h376" />
      {people.map(([x, y, hue]) => (
        <g key={x} class={`tree-person hue-${hue}`}>
          <circle cx={x} cy={y - 20} r="17" />
          <path d={`M${x - 29} ${y + 34}c0-22 12-34 29-34s29 12 29 34z`} />
        </g>
      ))}
      <path class="tree-talk" d="M112 262h76a22 22 0 0 1 22 22v4a22 22 0 0 1-22 22h-38l-20 15l2-15h-20a22 22 0 0 1-22-22v-4a22 22 0 0 1 22-22z" />
      <path class="tree-dots" d="M128 286h.1M150 286h.1M172 286h.1" />
    </svg>
  );
}
