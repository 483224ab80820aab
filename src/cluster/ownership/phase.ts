import type { CameraErrorCode } from '../../shared/errors.js';
import type { DemandSender } from '../demand/demand-sender.js';
import type { OwnerSearch } from './find-owner.js';
import type { Holder, Lease } from './lease.js';
import type { LocalRun } from './local-run.js';
import type { TakeOverDeps } from './take-over.js';

/** Where one camera of the cluster is with one of its nodes. `owner` is another node. */
export type Phase =
  /** Nobody is known to own the camera. */
  | { readonly type: 'seeking' }
  /** Another node owns it and sends its frames. */
  | { readonly type: 'following'; readonly owner: string }
  /** Another node's frames are shown while this one opens the camera to take it over. */
  | { readonly type: 'taking'; readonly owner: string; readonly local: LocalRun }
  /** This node decodes it. */
  | { readonly type: 'owning'; readonly lease: Lease; readonly local: LocalRun }
  /** The lease has passed to another node; this one's frames are shown until the first of that one's. */
  | { readonly type: 'giving'; readonly owner: string; readonly local: LocalRun; readonly until: number }
  | { readonly type: 'stopped' };

/** What the cameras of one node share. */
export interface ClusterSupervisorDeps extends OwnerSearch, Omit<TakeOverDeps, 'clock'> {
  readonly demand: DemandSender;
  /** Time in which this node could hear the others, ms (`AwakeClock`). */
  readonly awakeNow: () => number;
  /** Unix epoch, ms. */
  readonly epochNow: () => number;
  /** Viewers of this node. */
  readonly viewers: (stream: string) => number;
  /** What this node, as its owner, tells of the stream has changed. */
  readonly changed: (stream: string) => void;
  /** This node owns it no more. */
  readonly gone: (stream: string, epoch: number) => void;
  /** Its first opening by this node failed. */
  readonly failed: (stream: string, code: CameraErrorCode) => void;
  readonly leaseLost: (stream: string, to: Holder | null) => void;
  readonly stopped: (stream: string) => void;
}
