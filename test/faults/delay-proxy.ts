import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { Scope } from '../support/rig.js';

/** A TCP path that takes its time: what `tc netem delay` does, where the kernel has no netem. */
export interface DelayProxy {
  readonly port: number;
  /** From now on takes everything from both sides and passes nothing on, not even an end: a half-open connection. */
  blackHole(): void;
}

/** @param delayMs one way; a round trip takes twice as long */
export async function delayProxy(scope: Scope, target: number, delayMs: number): Promise<DelayProxy> {
  const sockets = new Set<Socket>();
  let isBlackHole = false;
  const carry = (from: Socket, to: Socket): void => {
    sockets.add(from);
    from.setNoDelay(true);
    from.on('data', (chunk) => {
      setTimeout(() => {
        if (!isBlackHole) to.write(chunk);
      }, delayMs);
    });
    from.on('end', () => {
      setTimeout(() => {
        if (!isBlackHole) to.end();
      }, delayMs);
    });
    from.on('error', () => undefined);
    from.on('close', () => {
      if (!isBlackHole) to.destroy();
    });
  };
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true });
    carry(near, far);
    carry(far, near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  scope.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return {
    port: address !== null && typeof address === 'object' ? address.port : 0,
    blackHole: () => {
      isBlackHole = true;
    },
  };
}
