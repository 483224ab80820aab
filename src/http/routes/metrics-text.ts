/** Prometheus' text format, by the cameras that its samples are about. */
export class MetricsText {
  readonly #lines: readonly { readonly text: string; readonly camera: string | null }[];
  readonly #cameras: ReadonlySet<string>;

  constructor(private readonly text: string) {
    this.#lines = text.split('\n').map((line) => ({ text: line, camera: cameraOf(line) }));
    this.#cameras = new Set(this.#lines.flatMap(({ camera }) => camera ?? []));
  }

  /** The text without the samples of other cameras; what is about none stays. */
  for(allows: (camera: string) => boolean): string {
    const denied = new Set([...this.#cameras].filter((camera) => !allows(camera)));
    if (denied.size === 0) return this.text;
    return this.#lines
      .filter(({ camera }) => camera === null || !denied.has(camera))
      .map(({ text }) => text)
      .join('\n');
  }
}

/** The camera's name, also of its main stream (`gate~main`). */
const cameraOf = (line: string): string | null =>
  line.startsWith('#') ? null : (/[{,]camera="([^"~]*)/.exec(line)?.[1] ?? null);
