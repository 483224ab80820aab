/** Codes of errno for: the machine, or this user's share of it, has no room for another process, thread or descriptor. */
export const NO_ROOM: ReadonlySet<string> = new Set(['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE']);

/** The code where an error says so; else `null`. Node gives that of a thread that cannot start as `ERR_WORKER_INIT_FAILED: EAGAIN`. */
export function noRoom(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const words = [...('code' in error ? [String(error.code)] : []), ...error.message.split(/\W+/)];
  return words.find((word) => NO_ROOM.has(word)) ?? null;
}
