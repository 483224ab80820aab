import { CameraError } from '../shared/errors.js';
import { headerOf, type RtspResponse } from './messages/message-syntax.js';

interface Pending {
  readonly cseq: number;
  readonly resolve: (response: RtspResponse) => void;
  readonly reject: (fault: CameraError) => void;
}

/** Requests on the way: a keep-alive, and TEARDOWN behind it. */
const MAX_PENDING = 8;

/** The requests of one connection that were not answered yet. No I/O. */
export class PendingRequests {
  #pending: Pending[] = [];
  #cseq = 0;

  /**
   * One more. Beyond eight the oldest is given up.
   * @param signal not aborted yet; aborts the wait with its reason, a CameraError
   * @returns the CSeq to send it with, and what is answered
   */
  add(signal: AbortSignal): { readonly cseq: number; readonly response: Promise<RtspResponse> } {
    const cseq = ++this.#cseq;
    const response = new Promise<RtspResponse>((resolve, reject) => {
      const abort = (): void => {
        this.#pending = this.#pending.filter((each) => each.cseq !== cseq);
        reject(signal.reason as CameraError);
      };
      const over = (): void => signal.removeEventListener('abort', abort);
      signal.addEventListener('abort', abort);
      if (this.#pending.length >= MAX_PENDING) this.#pending.shift()?.reject(new CameraError('open_timeout'));
      this.#pending.push({
        cseq,
        resolve: (answer) => {
          over();
          resolve(answer);
        },
        reject: (fault) => {
          over();
          reject(fault);
        },
      });
    });
    return { cseq, response };
  }

  /**
   * A response belongs to the request of its CSeq. Where that fits none, to the oldest one that waits: cameras leave CSeq out,
   * or send the one before, or 0.
   */
  settle(response: RtspResponse): void {
    const cseq = Number(headerOf(response, 'cseq') ?? NaN);
    const found = this.#pending.findIndex((each) => each.cseq === cseq);
    const [pending] = this.#pending.splice(Math.max(found, 0), 1);
    pending?.resolve(response);
  }

  /** No answer comes any more. */
  reject(fault: CameraError): void {
    for (const { reject } of this.#pending.splice(0)) reject(fault);
  }
}
