import { EdgeSender } from '../../src/cluster/frames/edge-sender.js';
import { readAck } from '../../src/cluster/frames/frame-codec.js';
import { FrameIntake } from '../../src/cluster/frames/frame-intake.js';
import { NatsLink } from '../../src/cluster/bus/nats-link.js';
import { senderOf, Subjects } from '../../src/cluster/bus/subjects.js';
import { epochMs, systemClock } from '../../src/shared/clock.js';
import { createLog } from '../../src/telemetry/log.js';
import { z } from 'zod';

/**
 * One end of the frames between two nodes and nothing else of a node, in a process of its own: `owner` sends frames as its cameras would,
 * `edge` takes them and acknowledges. What it costs is read from outside, by the kernel's run time.
 */
const peer = z
  .object({
    side: z.enum(['owner', 'edge']),
    port: z.number(),
    bytes: z.number(),
    streams: z.number(),
    /** Of each stream, a second. */
    fps: z.number(),
    edges: z.array(z.string()),
    name: z.string(),
  })
  .parse(JSON.parse(process.argv[2] ?? '{}') as unknown);

export interface PeerCount {
  readonly frames: number;
  readonly skipped: number;
}

const subjects = new Subjects('bench');
const count = { frames: 0, skipped: 0 };
const nats = {
  servers: [`127.0.0.1:${peer.port}`],
  user: '',
  password: '',
  token: '',
  credsFile: '',
  tls: null,
};
const link = new NatsLink(
  nats,
  { name: peer.name, inbox: subjects.inbox(peer.name) },
  { up: () => undefined, down: () => undefined },
  createLog('silent', () => undefined),
);
if (peer.side === 'edge') takeFrames();
await link.start();
if (peer.side === 'owner') sendFrames();

process.on('message', () => process.send?.({ ...count } satisfies PeerCount));
process.on('disconnect', () => process.exit(0));
process.send?.('ready');

function takeFrames(): void {
  const intake = new FrameIntake({
    clock: systemClock,
    epochNow: epochMs,
    acknowledge: (owner, ack) => link.publish(subjects.acks(owner, peer.name), ack),
    frame: () => count.frames++,
  });
  link.subscribe(subjects.frames(peer.name, '*'), (message, subject) => {
    intake.message(senderOf(subject), message);
  });
}

function sendFrames(): void {
  const senders = new Map(peer.edges.map((edge) => [edge, senderTo(edge)]));
  link.subscribe(subjects.acks(peer.name, '*'), (message, subject) => {
    senders.get(senderOf(subject))?.(message);
  });
}

function senderTo(edge: string): (ack: Uint8Array) => void {
  const sender = new EdgeSender(300, {
    send: (message) => link.publish(subjects.frames(edge, peer.name), message),
    now: () => performance.now(),
    epochNow: epochMs,
    maxPayload: () => link.maxPayload,
    sent: () => count.frames++,
    skipped: () => count.skipped++,
  });
  const jpeg = new Uint8Array(peer.bytes).fill(0x55).buffer;
  // Cameras are not in step: each has a timer of its own.
  for (let i = 0; i < peer.streams; i++)
    setTimeout(
      () => {
        setInterval(() => {
          sender.offer({
            stream: `cam${i}`,
            rendition: '640x360q50',
            kind: 'jpeg',
            epoch: 1,
            capturedAt: epochMs(),
            bytes: jpeg,
          });
        }, 1000 / peer.fps);
      },
      (1000 / peer.fps) * (i / peer.streams),
    );
  return (message) => {
    const ack = readAck(message);
    if (ack) sender.acknowledged(ack);
  };
}
