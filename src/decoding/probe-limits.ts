/** Of a probe of a program, which only prints text. A script may let SIGTERM pass, and would be waited for without end. */
export const PROBE_LIMITS = { timeout: 10_000, killSignal: 'SIGKILL' } as const;
