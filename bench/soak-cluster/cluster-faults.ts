import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterNode, TestCluster } from '../cluster/nodes.js';
import { childrenOf, isAlive } from '../lib/proc.js';
import { between, pick } from '../soak/random-faults.js';

export const CLUSTER_FAULTS = ['kill', 'end', 'stop', 'cut-silent', 'cut-reset', 'nats-restart'] as const;
export type ClusterFault = (typeof CLUSTER_FAULTS)[number];

interface FaultTimes {
  /** Between the end of a fault and the next one. */
  readonly pauseMs: readonly [number, number];
  readonly lastsMs: readonly [number, number];
}
/** A pause is longer than a camera may have two sessions. */
export const FAULT_TIMES: FaultTimes = { pauseMs: [7000, 14_000], lastsMs: [1000, 9000] };
/** For a run of seconds. */
export const SHORT_FAULT_TIMES: FaultTimes = { pauseMs: [500, 1500], lastsMs: [1000, 3000] };
/** Two at a time, of different nodes. */
const TWO_AT_ONCE = 0.25;
/** A killed node's decoders are killed by the kernel at once. */
const ORPHANS_GONE_MS = 2000;
/** The drain's own bound is 15 s, that of the orderly end 4.5 s. */
const END_WITHIN_MS = 20_500;

export interface FaultEvent {
  readonly fault: ClusterFault;
  readonly node: string;
  /** Since the beginning, s. */
  readonly from: number;
  readonly to: number;
}

export interface FaultsOptions {
  /** Never killed or ended: whether something grows shows only in a process that lives on. */
  readonly survivor: string;
  readonly times: FaultTimes;
  /** Time for events, s. */
  readonly now: () => number;
  readonly stop: AbortSignal;
}

/** Kills, ends, stops and cuts off random nodes, and restarts NATS, until it is told to end; then all is whole again. */
export class ClusterFaults {
  readonly events: FaultEvent[] = [];
  readonly problems: string[] = [];
  /** Cameras of nodes that are stopped or cut off: those nodes cannot know that others have them meanwhile. */
  readonly #excused = new Map<string, ReadonlySet<string>>();

  constructor(
    private readonly cluster: TestCluster,
    private readonly options: FaultsOptions,
  ) {}

  isExcused(camera: string): boolean {
    return [...this.#excused.values()].some((cameras) => cameras.has(camera));
  }

  async run(): Promise<void> {
    const { stop, times } = this.options;
    const pause = (): Promise<boolean> =>
      sleep(between(times.pauseMs), true, { signal: stop }).catch(() => false);
    while (await pause()) {
      const first = this.#choose([]);
      const second = Math.random() < TWO_AT_ONCE ? this.#choose([first.node]) : null;
      await Promise.all([first, ...(second ? [second] : [])].map((chosen) => this.#inject(chosen)));
    }
  }

  /** @param spared nodes that have a fault already */
  #choose(spared: readonly string[]): { readonly fault: ClusterFault; readonly node: string } {
    const fault = pick(CLUSTER_FAULTS);
    if (fault === 'nats-restart') return { fault, node: spared.includes('NATS') ? '' : 'NATS' };
    const endsProcess = fault === 'kill' || fault === 'end';
    const nodes = [...this.cluster.nodes.keys()].filter(
      (name) => !spared.includes(name) && !(endsProcess && name === this.options.survivor),
    );
    return { fault, node: pick(nodes) };
  }

  async #inject({ fault, node }: { readonly fault: ClusterFault; readonly node: string }): Promise<void> {
    if (node === '') return;
    const from = this.options.now();
    const lasts = between(this.options.times.lastsMs);
    if (fault === 'nats-restart') await this.#restartNats(lasts);
    else if (fault === 'kill') await this.#kill(this.cluster.node(node), lasts);
    else if (fault === 'end') await this.#end(this.cluster.node(node), lasts);
    else await this.#partTheNode(this.cluster.node(node), fault, lasts);
    this.events.push({ fault, node, from, to: this.options.now() });
  }

  async #restartNats(lasts: number): Promise<void> {
    await this.cluster.nats.kill();
    await sleep(lasts);
    await this.cluster.nats.start();
  }

  async #kill(node: ClusterNode, lasts: number): Promise<void> {
    const decoders = childrenOf(node.pid).map(({ pid }) => pid);
    await node.kill();
    await sleep(ORPHANS_GONE_MS);
    const left = decoders.filter(isAlive);
    if (left.length > 0) this.problems.push(`${left.length} FFmpegs outlived node ${node.name}`);
    await sleep(lasts);
    await this.cluster.start(node.name);
  }

  async #end(node: ClusterNode, lasts: number): Promise<void> {
    node.signal('SIGTERM');
    const began = performance.now();
    await Promise.race([node.exited, sleep(END_WITHIN_MS)]);
    const { code, signal } = await node.stop();
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    if (code !== 0)
      this.problems.push(`node ${node.name} ended with ${code ?? signal ?? 'nothing'} after ${seconds} s`);
    await sleep(lasts);
    await this.cluster.start(node.name);
  }

  /** Stops the node, or cuts it off, so that it cannot know what the others do. */
  async #partTheNode(
    node: ClusterNode,
    fault: 'stop' | 'cut-silent' | 'cut-reset',
    lasts: number,
  ): Promise<void> {
    const entries = await node.cameras().catch(() => []);
    const own = entries.filter((entry) => entry.node === node.name).map(({ camera }) => camera);
    this.#excused.set(node.name, new Set(own));
    if (fault === 'stop') node.signal('SIGSTOP');
    else this.cluster.link(node.name).cut(fault === 'cut-silent' ? 'silent' : 'reset');
    await sleep(lasts);
    if (fault === 'stop') node.signal('SIGCONT');
    else this.cluster.link(node.name).mend();
    this.#excused.delete(node.name);
  }
}
