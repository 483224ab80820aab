import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A TCP connection that can be cut and mended, to play a network that parts two machines. */
export interface CutProxy {
  readonly port: number;
  /** `reset`: connections break at once; `silent`: nothing arrives any more, and nobody is told. */
  cut(how: 'reset' | 'silent'): void;
  mend(): void;
  stop(): Promise<void>;
}

export async function startCutProxy(target: number): Promise<CutProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let state: 'open' | 'reset' | 'silent' = 'open';
  const server = createServer((near) => {
    if (state === 'reset') {
      near.destroy();
      return;
    }
    const far = connect(target, '127.0.0.1');
    const pair = [near, far] as const;
    pairs.add(pair);
    const pass = (from: Socket, to: Socket): void => {
      from.on('data', (data) => {
        // As if the packets were lost for good.
        if (state === 'open' && !to.destroyed) to.write(data);
      });
      from.on('error', () => to.destroy());
      from.on('close', () => {
        to.destroy();
        pairs.delete(pair);
      });
    };
    pass(near, far);
    pass(far, near);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const drop = (): void => {
    for (const [near, far] of pairs) {
      near.destroy();
      far.destroy();
    }
  };
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    cut: (how) => {
      state = how;
      if (how === 'reset') drop();
    },
    mend: () => {
      // What was lost cannot be made up for: the connections of the cut are over.
      if (state === 'silent') drop();
      state = 'open';
    },
    stop: async () => {
      drop();
      server.close();
      await once(server, 'close');
    },
  };
}
