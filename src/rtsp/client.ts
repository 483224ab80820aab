import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { CameraError, type CameraErrorCode } from '../shared/errors.js';
import { readAnswer, type RtspAnswer, writeRequest } from './messages.js';

/** Where to connect: the judged address, and the name for TLS. */
export interface Door {
  readonly address: string;
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

const CONNECT_FAULTS: Readonly<Record<string, CameraErrorCode>> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ECONNRESET: 'disconnected',
};

/** One RTSP connection: one request at a time. Every wait has an end, and no answer can grow without bound. */
export class RtspDialogue {
  #sequence = 0;
  #received: Buffer = Buffer.alloc(0);

  private constructor(
    private readonly socket: Socket,
    private readonly timeoutMs: number,
  ) {
    // Errors come to whoever waits; between two requests nobody does.
    socket.on('error', () => undefined);
  }

  /** @throws CameraError */
  static async open({ address, host, port, tls }: Door, timeoutMs: number): Promise<RtspDialogue> {
    // Cameras have certificates of their own making, which FFmpeg does not check either.
    const servername = isIP(host) === 0 ? { servername: host } : {};
    const socket = tls
      ? connectTls({ host: address, port, rejectUnauthorized: false, ...servername })
      : connect({ host: address, port });
    try {
      await once(socket, tls ? 'secureConnect' : 'connect', { signal: AbortSignal.timeout(timeoutMs) });
    } catch (error) {
      socket.on('error', () => undefined).destroy();
      throw connectFault(error, tls);
    }
    return new RtspDialogue(socket, timeoutMs);
  }

  /**
   * @param url without credentials
   * @throws CameraError `open_timeout`, `disconnected`, `protocol`
   */
  async ask(method: string, url: string, headers: readonly string[] = []): Promise<RtspAnswer> {
    this.socket.write(writeRequest(method, url, ++this.#sequence, headers));
    const deadline = AbortSignal.timeout(this.timeoutMs);
    for (;;) {
      const answer = this.#parse();
      if (answer) {
        this.#received = Buffer.alloc(0);
        return answer;
      }
      this.#received = Buffer.concat([this.#received, await this.#chunk(method, deadline)]);
    }
  }

  close(): void {
    this.socket.destroy();
  }

  #parse(): RtspAnswer | null {
    try {
      return readAnswer(this.#received);
    } catch (error) {
      throw new CameraError('protocol', error instanceof Error ? error.message : '');
    }
  }

  #chunk(method: string, deadline: AbortSignal): Promise<Buffer> {
    const { socket } = this;
    return new Promise((resolve, reject) => {
      const data = (chunk: Buffer): void => {
        done();
        resolve(chunk);
      };
      const late = (): void => {
        done();
        reject(new CameraError('open_timeout', `no answer to ${method}`));
      };
      const gone = (): void => {
        done();
        reject(new CameraError('disconnected', `instead of an answer to ${method}`));
      };
      const done = (): void => {
        socket.pause().off('data', data).off('close', gone).off('end', gone);
        deadline.removeEventListener('abort', late);
      };
      if (socket.destroyed || socket.readableEnded) {
        gone();
        return;
      }
      deadline.addEventListener('abort', late);
      socket.on('data', data).on('close', gone).on('end', gone).resume();
    });
  }
}

function connectFault(error: unknown, tls: boolean): CameraError {
  const name = error instanceof Error ? error.name : '';
  if (name === 'AbortError' || name === 'TimeoutError')
    return new CameraError('open_timeout', 'no connection in time');
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  const fault =
    CONNECT_FAULTS[code] ?? (code === 'ETIMEDOUT' ? 'open_timeout' : tls ? 'protocol' : 'unreachable');
  return new CameraError(fault, code);
}
