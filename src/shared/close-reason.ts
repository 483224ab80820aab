/** Bytes a WebSocket close reason may hold (RFC 6455, 5.5: 125 of a control frame, less the code's 2). */
const CLOSE_REASON_BYTES = 123;

/** Cuts `text` to what a close frame carries, at a character's border. */
export function closeReason(text: string): string {
  if (Buffer.byteLength(text) <= CLOSE_REASON_BYTES) return text;
  let cut = text.slice(0, CLOSE_REASON_BYTES);
  while (Buffer.byteLength(cut) > CLOSE_REASON_BYTES - 3) cut = cut.slice(0, -1);
  return `${Buffer.from(cut)
    .toString()
    .replace(/\uFFFD$/, '')}…`;
}
