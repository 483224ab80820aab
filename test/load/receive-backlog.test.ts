import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { spawn } from 'node:child_process';
import { test, type TestContext } from 'node:test';
import { BacklogReader } from '../../src/load/receive-backlog.js';

const options = { timeout: 20_000 };

/** A process that connects to `port` and reads only what it is told to: one line on its stdin for each read. */
async function lazyReader(t: TestContext, port: number): Promise<{ pid: number; readAll: () => void }> {
  const program = `
    const socket = require('node:net').connect(${port}, '127.0.0.1', () => console.log('connected'));
    socket.pause();
    process.stdin.once('data', () => socket.resume());`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return { pid: child.pid ?? -1, readAll: () => child.stdin.write('read\n') };
}

async function until(ask: () => Promise<boolean>): Promise<void> {
  while (!(await ask())) await new Promise((resolve) => setTimeout(resolve, 20));
}

test('unread bytes of a process are those that wait in its socket', options, async (t) => {
  const server = createServer();
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const reader = await lazyReader(t, (server.address() as AddressInfo).port);
  const socket = await accepted;
  t.after(() => socket.destroy());
  const backlog = new BacklogReader();
  const unread = async (): Promise<number | undefined> => (await backlog.read([reader.pid])).get(reader.pid);

  assert.equal(await unread(), 0, 'a connection with nothing in it');
  socket.write(Buffer.alloc(50_000));
  // Node reads the first chunk ahead although the stream is paused.
  socket.write(Buffer.alloc(50_000));
  await until(async () => ((await unread()) ?? 0) > 16_384);
  assert.ok(((await unread()) ?? 0) <= 100_000);
  reader.readAll();
  await until(async () => (await unread()) === 0);
});

test('a process without sockets, or without existence, is left out', options, async () => {
  const backlog = new BacklogReader();
  const sleeper = spawn('sleep', ['20'], { stdio: 'ignore' });
  try {
    const found = await backlog.read([sleeper.pid ?? -1, 4_194_304]);
    assert.deepEqual([...found], []);
  } finally {
    sleeper.kill('SIGKILL');
  }
  assert.deepEqual([...(await backlog.read([]))], []);
});

test(
  'sockets that a process opens later are found too: over UDP the media has its own',
  options,
  async (t) => {
    const backlog = new BacklogReader();
    // A socket that nobody reads: dgram begins to receive only with a turn of the event loop, so the child holds it.
    const program = `
    const socket = require('node:dgram').createSocket('udp4').bind(0, '127.0.0.1', () => {
      console.log(socket.address().port);
      for (;;);
    });`;
    const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => child.kill('SIGKILL'));
    const pid = child.pid ?? -1;
    const inChild = async (): Promise<number> => (await backlog.read([pid])).get(pid) ?? 0;
    assert.equal(await inChild(), 0, 'looked at before it has a socket');
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const sender = createSocket('udp4');
    t.after(() => sender.close());
    await new Promise((resolve) =>
      sender.send(Buffer.alloc(1000), Number(line.toString()), '127.0.0.1', resolve),
    );
    await until(async () => (await inChild()) > 0);
  },
);
