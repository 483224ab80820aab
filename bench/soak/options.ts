/** How long a soak runs, with how many cameras and viewers: the options of its command line, with its own defaults. */
export const soakOptions = (defaults: {
  readonly minutes: number;
  readonly cameras: number;
  readonly viewers: number;
}) =>
  ({
    minutes: { default: defaults.minutes, min: 0.1, max: 100_000, fractions: true, help: 'how long' },
    cameras: { default: defaults.cameras, min: 1, max: 100, help: 'virtual cameras' },
    viewers: { default: defaults.viewers, min: 1, max: 1000, help: 'viewers that come and go' },
  }) as const;
