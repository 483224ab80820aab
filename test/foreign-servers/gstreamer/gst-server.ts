import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Debian's own Python: the one that sees python3-gi. A version manager's python3 on PATH does not. */
const SYSTEM_PYTHON = '/usr/bin/python3';

/** From dist/test/gstreamer/ back to the sources: the script is not compiled. */
const SERVER_SCRIPT = fileURLToPath(
  new URL('../../../../test/foreign-servers/gstreamer/server.py', import.meta.url),
);

const START_TIMEOUT_MS = 15_000;
const STOP_TIMEOUT_MS = 3_000;

export type GstMount =
  '/h264' | '/h265' | '/mjpeg' | '/bars' | '/four-by-three' | '/h264-tcp-only' | '/h264-udp-only';

export interface GstLogin {
  readonly scheme: 'basic' | 'digest';
  readonly user: string;
  readonly password: string;
}

/** A Matroska file to be sent at a mount, from its beginning for each client. */
export interface GstFile {
  readonly mount: string;
  /** `h264-sdp`: parameter sets in the description alone. */
  readonly kind: 'h264' | 'h264-sdp' | 'h265' | 'jpeg' | 'mpeg4';
  readonly path: string;
}

export interface GstServer {
  readonly port: number;
  /** RTSP sessions that it holds now. */
  sessions(): Promise<number>;
  /** The mount's URL; with `login` (that of the server unless told otherwise) in it. */
  url(mount: GstMount, login?: Pick<GstLogin, 'user' | 'password'>): string;
  stop(): Promise<void>;
}

/** The port from the server's first line. */
function parsePort(line: string): number {
  const said: unknown = JSON.parse(line);
  if (typeof said === 'object' && said !== null && 'port' in said && typeof said.port === 'number') {
    return said.port;
  }
  throw new Error(`the GStreamer server did not say its port: ${line}`);
}

/**
 * Starts GStreamer's RTSP server on a free port of 127.0.0.1: 640x360 (`/four-by-three`: 640x480), 25 fps, TCP and
 * UDP as the client asks. It holds this process's pipe as its stdin, and so ends with it in any case.
 */
export async function startGstServer(login?: GstLogin, files: readonly GstFile[] = []): Promise<GstServer> {
  const guard = login === undefined ? [] : [`--${login.scheme}`, `${login.user}:${login.password}`];
  const sent = files.flatMap(({ mount, kind, path }) => ['--file', mount, kind, path]);
  const child = spawn(SYSTEM_PYTHON, [SERVER_SCRIPT, ...guard, ...sent], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  exited.catch(() => undefined);

  const lines = createInterface({ input: child.stdout });
  const first = await Promise.race([
    once(lines, 'line', { signal: AbortSignal.timeout(START_TIMEOUT_MS) }),
    exited.then(() => ['']),
  ]).catch((error: unknown) => {
    child.kill('SIGKILL');
    throw error;
  });
  const port = parsePort(String(first[0]));

  return {
    port,
    async sessions() {
      const answer = once(lines, 'line', { signal: AbortSignal.timeout(STOP_TIMEOUT_MS) });
      child.stdin.write('sessions\n');
      const [line] = (await answer) as [string];
      return Number(/"sessions": (\d+)/.exec(line)?.[1]);
    },
    url(mount, who = login) {
      const userInfo =
        who === undefined ? '' : `${encodeURIComponent(who.user)}:${encodeURIComponent(who.password)}@`;
      return `rtsp://${userInfo}127.0.0.1:${port}${mount}`;
    },
    async stop() {
      child.stdin.end();
      const kill = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await exited;
      clearTimeout(kill);
    },
  };
}
