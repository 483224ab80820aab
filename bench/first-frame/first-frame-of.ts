import { epochMs } from '../../src/shared/clock.js';
import { connectViewer } from '../lib/ws-viewer.js';

/** Times are Unix epoch in ms, as in the camera's log. */
export interface FirstFrame {
  readonly connectedAt: number;
  /** When the last byte of the JPEG was read. */
  readonly at: number;
  readonly jpeg: Buffer;
}

const TIMEOUT_MS = 15_000;

/** Connects a viewer, and drops it when it has a frame; null when it was closed, or got none within 15 s. */
export async function firstFrameOf(port: number, path: string): Promise<FirstFrame | null> {
  const connectedAt = epochMs();
  let timer: NodeJS.Timeout | undefined;
  let drop: () => void = () => undefined;
  try {
    return await new Promise<FirstFrame | null>((resolve) => {
      timer = setTimeout(() => resolve(null), TIMEOUT_MS);
      const viewer = connectViewer({
        host: '127.0.0.1',
        port,
        path,
        mode: 'keep',
        onFrame: (jpeg, at) => resolve({ connectedAt, at, jpeg }),
        onClose: () => resolve(null),
      });
      drop = () => viewer.destroy();
    });
  } finally {
    clearTimeout(timer);
    drop();
  }
}
