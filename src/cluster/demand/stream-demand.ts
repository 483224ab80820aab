import type { DecodePlan } from '../../shared/worker-protocol.js';
import type { DemandSender } from './demand-sender.js';
import type { WantedStream } from '../bus/messages.js';

/** What one stream's viewers on this node want of whoever owns it. */
export class StreamDemand {
  #requests = 0;

  /**
   * @param viewers of this node
   * @param knows whether this node knows the camera's address
   */
  constructor(
    readonly stream: string,
    public plan: DecodePlan,
    private readonly knows: boolean,
    private readonly sender: DemandSender,
    private readonly viewers: () => number,
  ) {}

  get wanted(): WantedStream {
    const demands = this.plan.outputs.flatMap((output) => output.demands);
    return {
      stream: this.stream,
      renditions: demands.map(({ key, fps }) => [key, fps]),
      video: this.plan.video,
      viewers: this.viewers(),
      retryRequests: this.#requests,
      knows: this.knows,
    };
  }

  /** Somebody wants the picture now. */
  requestRetry(): void {
    this.#requests++;
  }

  tell(owner: string): void {
    this.sender.set(owner, this.wanted);
  }

  drop(owner: string): void {
    this.sender.drop(owner, this.stream);
  }
}
