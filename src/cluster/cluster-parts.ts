import type { Clock } from '../shared/clock.js';
import type { CameraErrorCode } from '../shared/errors.js';
import type { Log } from '../telemetry/log.js';
import type { Bus, LeaseStore } from './bus/bus.js';
import type { ClusterMetrics } from './cluster-metrics.js';
import type { ClusterCameras, ClusterSettings } from './cluster-settings.js';
import type { ClusterSupervisor } from './streams/cluster-supervisor.js';
import { REQUEST_MS } from './ownership/find-owner.js';
import { adoptLease, type Holder, type LeaseOwner } from './ownership/lease.js';
import { writeJson } from './bus/messages.js';
import type { NatsBuckets } from './bus/nats-buckets.js';
import { NodeTeller, type NodeRecordDeps } from './nodes/node-record.js';
import { type CameraHost, OwnerSide } from './demand/owner-side.js';
import type { ClusterSupervisorDeps } from './ownership/phase.js';
import type { SourceHasher } from './ownership/source-hash.js';
import { StateTeller } from './streams/state-teller.js';
import { AwakeClock } from './nodes/awake-clock.js';
import { Directory } from './nodes/directory.js';
import { Presence } from './nodes/presence.js';
import { streamKeyToToken } from './bus/stream-key.js';
import type { Streams } from './streams/streams.js';
import type { Subjects } from './bus/subjects.js';

/** What every part of the cluster may use. */
interface Shared {
  readonly self: LeaseOwner;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: ClusterMetrics;
  readonly awakeNow: () => number;
  readonly epochNow: () => number;
  readonly bus: Bus;
  readonly subjects: Subjects;
  readonly hasher: SourceHasher;
  readonly buckets: NatsBuckets & LeaseStore;
}

/** Refused credentials that are told each second: the newest. */
const MOST_HOLDS = 50;

/** What this node knows of the others. */
export interface Others {
  readonly awake: AwakeClock;
  readonly awakeNow: () => number;
  readonly directory: Directory;
  readonly presence: Presence;
}

export function createOthers(clock: Clock, bus: Bus, subjects: Subjects): Others {
  const awake = new AwakeClock(clock);
  const awakeNow = (): number => awake.now();
  const directory = new Directory(awakeNow);
  const gone = (node: string): void => {
    directory.forgetNode(node);
  };
  return { awake, awakeNow, directory, presence: new Presence({ bus, subjects, now: awakeNow, gone }) };
}

export function createNodeTeller(
  settings: ClusterSettings,
  deps: Shared & Pick<NodeRecordDeps, 'freeShare' | 'owned'>,
): NodeTeller {
  const { node: name, site, role, version, maxOwned, cores } = settings;
  const { self, hasher, clock, buckets, freeShare, owned } = deps;
  const secretCheck = hasher.check;
  return new NodeTeller(
    { name, instance: self.instance, site, role, version, maxOwned, cores, secretCheck },
    {
      clock,
      freeShare,
      owned,
      putNode: (value) => buckets.putNode(name, value),
      putCameras: (value) => buckets.putCameras(name, value),
    },
  );
}

export function createOwnerSide(
  settings: ClusterSettings,
  deps: Shared & {
    readonly host: () => ClusterCameras | null;
    readonly supervisor: (stream: string) => ClusterSupervisor | undefined;
  },
): OwnerSide {
  const { clock, awakeNow, epochNow, metrics, bus, subjects, self, supervisor } = deps;
  const host = (): CameraHost => {
    const cameras = deps.host();
    if (!cameras) throw new Error('the cluster has no cameras yet');
    return cameras;
  };
  return new OwnerSide({
    host: {
      seat: (stream, want, listener) => host().seat(stream, want, listener),
      seatVideo: (stream, listener) => host().seatVideo(stream, listener),
    },
    maxLagMs: settings.maxLagMs,
    now: () => clock.now(),
    awakeNow,
    epochNow,
    maxPayload: () => bus.maxPayload,
    sendFrames: (edge, message) => bus.publish(subjects.frames(edge, self.node), message),
    epochOf: (stream) => supervisor(stream)?.ownedEpoch ?? null,
    requestRetry: (stream) => {
      supervisor(stream)?.requestRetry();
    },
    sent: (bytes) => {
      metrics.framesSent.inc();
      metrics.bytesSent.inc(bytes);
    },
    skipped: () => {
      metrics.framesSkipped.inc();
    },
    lag: (ms) => {
      metrics.lag.observe(ms / 1000);
    },
  });
}

export function createStateTeller(
  deps: Shared & {
    readonly streams: () => Streams;
    readonly isReady: () => boolean;
    readonly holds: ClusterCameras['holds']['list'];
  },
): StateTeller {
  const { self, subjects, bus, clock, hasher, streams, isReady, holds } = deps;
  return new StateTeller({
    instance: self.instance,
    subject: subjects.state(self.node),
    bus,
    clock,
    state: (stream) => streams().state(stream),
    owned: () => streams().owned(),
    isReady,
    holds: () =>
      holds()
        .slice(-MOST_HOLDS)
        .map(({ identity, code, leftMs }) => ({ hash: hasher.hash(identity), code, leftMs })),
  });
}

/** How streams tell others that they change hands, and ask them to let them. */
export function ownershipCalls(
  deps: Shared & { readonly teller: StateTeller; readonly lost: () => void },
): Pick<ClusterSupervisorDeps, 'changed' | 'gone' | 'failed' | 'leaseLost' | 'adopt' | 'requestPass'> {
  const { teller, lost, metrics, log, self, clock, bus, subjects, buckets } = deps;
  return {
    changed: (stream: string) => {
      teller.changed(stream);
    },
    gone: (stream: string, epoch: number) => {
      teller.gone(stream, epoch);
    },
    failed: (stream: string, code: CameraErrorCode) => {
      teller.failed(stream, code);
    },
    leaseLost: (stream: string, to: Holder | null) => {
      metrics.leasesLost.inc();
      lost();
      const node = to?.node ?? null;
      log.warn({ event: 'lease_lost', camera: stream, node }, `${stream}: ${node ?? 'another'} owns it now`);
    },
    adopt: async (stream: string) => {
      const lease = await adoptLease(streamKeyToToken(stream), self, buckets, clock);
      if (lease) metrics.takeovers.inc();
      return lease;
    },
    requestPass: async (owner: string, stream: string, failed: CameraErrorCode | null) => {
      const request = writeJson({ to: self.node, instance: self.instance, stream, failed });
      await bus.request(subjects.request('pass', owner), request, REQUEST_MS);
    },
  };
}
