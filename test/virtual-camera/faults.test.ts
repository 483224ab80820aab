import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { NAL_SPS, nalType } from '../../bench/virtual-camera/annexb.js';
import type { CameraOptions, VirtualCameras } from '../../bench/virtual-camera/index.js';
import { cameras, depacketise, bundledDecoder, decoders, grab, QUICK, RawClient } from './support.js';

const timeout = 30_000;
const small = { width: 320, height: 180 } satisfies Partial<CameraOptions>;

/** Code of the error of a TCP connection, or 'open'. */
async function knock(url: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  try {
    await once(socket, 'connect');
    return 'open';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'error';
  } finally {
    socket.destroy();
  }
}

/** Another camera's pictures go on coming: time passes for all cameras of the set. */
async function picturesPass(
  t: Parameters<typeof cameras>[0],
  set: VirtualCameras,
  count: number,
): Promise<void> {
  const witness = new RawClient(t, set.url(1));
  await witness.play();
  await witness.until(() => witness.timestamps.length > count);
}

// They wait for pictures far more than they compute.
describe('faults of a virtual camera', { concurrency: 4 }, () => {
  test(
    'refuse: one camera is away, the other is not, and it comes back on the same port',
    { timeout },
    async (t) => {
      const set = await cameras(t, { ...small, count: 2, portsEach: true });
      const client = new RawClient(t, set.url(0));
      await client.play();
      await set.fault('cam1', 'refuse');
      await client.until(() => client.ended !== undefined);
      assert.equal(await knock(set.url(0)), 'ECONNREFUSED');
      assert.equal((await set.list())[0]?.state, 'away');
      const other = new RawClient(t, set.url(1));
      assert.equal((await other.request('DESCRIBE')).status, 200);
      await set.fault('cam1', null);
      assert.equal((await new RawClient(t, set.url(0)).request('DESCRIBE')).status, 200);
    },
  );

  test('gone: the camera drops everybody and is back by itself', { timeout }, async (t) => {
    const set = await cameras(t, small);
    const client = new RawClient(t, set.url(0));
    await client.play();
    await set.fault('cam1', 'gone:300');
    await client.until(() => client.ended !== undefined);
    assert.equal(await knock(set.url(0)), 'ECONNREFUSED');
    while ((await knock(set.url(0))) !== 'open') await sleep(20);
    assert.equal((await set.list())[0]?.fault, null);
    await new RawClient(t, set.url(0)).play();
  });

  test('silent: requests are taken and never answered', { timeout }, async (t) => {
    const set = await cameras(t, { ...small, fault: 'silent' });
    const client = new RawClient(t, set.url(0));
    const unanswered = client.send('OPTIONS');
    while ((await set.list())[0]?.contacts.connections !== 1) await sleep(5);
    await set.fault('cam1', null);
    const answer = await client.request('OPTIONS');
    assert.notEqual(answer.headers.get('cseq'), unanswered);
    assert.equal(client.answers.length, 1);
  });

  test('silent-after-play: PLAY is answered, no packet comes', { timeout }, async (t) => {
    const set = await cameras(t, { ...small, count: 2 });
    await set.fault('cam1', 'silent-after-play');
    const client = new RawClient(t, set.url(0));
    assert.equal((await client.play()).status, 200);
    await picturesPass(t, set, 15);
    assert.equal(client.packets.length, 0);
  });

  test('stall: so many pictures come, then none, and the connection lives', { timeout }, async (t) => {
    const set = await cameras(t, { ...small, count: 2 });
    await set.fault('cam1', 'stall:7');
    const client = new RawClient(t, set.url(0));
    await client.play();
    await client.until(() => client.timestamps.length === 7);
    await picturesPass(t, set, 15);
    assert.equal(client.timestamps.length, 7);
    assert.equal((await client.request('GET_PARAMETER')).status, 200);
    await set.fault('cam1', null);
    await client.until(() => client.timestamps.length >= 8);
    const resumed = client.timestamps[7];
    const eighth = client.rtp.filter((packet) => packet.readUInt32BE(4) === resumed);
    assert.equal(nalType(depacketise(eighth)[0] ?? Buffer.of()), NAL_SPS, 'it goes on with a key frame');
  });

  test('reset: the connection is reset inside a packet', { timeout }, async (t) => {
    const set = await cameras(t, { ...small, fault: 'reset:7' });
    const client = new RawClient(t, set.url(0));
    await client.play();
    await client.until(() => client.ended !== undefined);
    assert.equal(client.ended, 'ECONNRESET');
    assert.ok(client.pending.length > 0, 'the last packet is cut');
    assert.equal(client.timestamps.length, 7);
  });

  for (const [code, method] of [
    [401, 'DESCRIBE'],
    [404, 'DESCRIBE'],
    [503, 'DESCRIBE'],
    [453, 'SETUP'],
  ] as const) {
    test(`status: ${method} is answered with ${code}`, { timeout }, async (t) => {
      const set = await cameras(t, { ...small, fault: `status:${code}` });
      const client = new RawClient(t, set.url(0));
      const described = await client.request('DESCRIBE');
      const setUp = await client.request('SETUP', { Transport: 'RTP/AVP/TCP;interleaved=0-1' });
      assert.deepEqual([described.status, setUp.status], method === 'SETUP' ? [200, code] : [code, 200]);
      const grabber = grab(t, bundledDecoder, set.url(0), 'tcp');
      await assert.rejects(
        grabber.until(() => grabber.numbers.length > 0),
        new RegExp(`${code}|Service Unavailable|Server returned 5`),
      );
    });
  }

  test(
    'redirect: DESCRIBE names another address, and a camera knows whether it was contacted',
    { timeout },
    async (t) => {
      const set = await cameras(t, { ...small, count: 2, portsEach: true });
      await set.fault('cam1', `redirect:${set.url(1)}`);
      const client = new RawClient(t, set.url(0));
      const answer = await client.request('DESCRIBE');
      assert.deepEqual([answer.status, answer.headers.get('location')], [302, set.url(1)]);
      assert.deepEqual((await set.list())[1]?.contacts, { connections: 0, describes: 0 });
      const follower = grab(t, bundledDecoder, set.url(0), 'tcp');
      await follower.until(() => follower.numbers.length > 0);
      assert.deepEqual((await set.list())[1]?.contacts, { connections: 1, describes: 1 });
    },
  );

  test('bad-auth: even the right credentials are refused', { timeout }, async (t) => {
    const set = await cameras(t, { ...small, auth: 'digest', fault: 'bad-auth' });
    const grabber = grab(t, bundledDecoder, set.url(0), 'tcp');
    await assert.rejects(
      grabber.until(() => grabber.numbers.length > 0),
      /401/,
    );
  });

  for (const decoder of decoders()) {
    test(`resize: ${decoder.name} shows right pictures through a change of size`, { timeout }, async (t) => {
      const set = await cameras(t, small);
      const grabber = grab(t, decoder, set.url(0), 'tcp');
      const client = new RawClient(t, set.url(0));
      await client.play();
      await grabber.until(() => grabber.numbers.length >= 5);
      await set.fault('cam1', 'resize:640x480');
      const sizes = (): Set<string> =>
        new Set(
          depacketise(client.rtp)
            .filter((nal) => nalType(nal) === NAL_SPS)
            .map((sps) => sps.toString('hex')),
        );
      await client.until(() => sizes().size === 2);
      const seen = grabber.numbers.length;
      await grabber.until(() => grabber.numbers.length >= seen + 20);
      assert.ok(!grabber.numbers.includes(null), grabber.numbers.join(' '));
      assert.equal((await set.list())[0]?.width, 640);
    });

    test(
      `garbage: ${decoder.name} gets no picture from it, and a right one afterwards`,
      { timeout },
      async (t) => {
        const set = await cameras(t, { ...small, fault: 'garbage' });
        const grabber = grab(t, decoder, set.url(0), 'tcp');
        await grabber.until(() => grabber.stderr.split('\n').length > 10);
        assert.equal(grabber.numbers.length, 0);
        await set.fault('cam1', null);
        await grabber.until(() => grabber.numbers.length > 5);
        assert.ok(!grabber.numbers.includes(null), grabber.numbers.join(' '));
      },
    );

    test(
      `freeze: ${decoder.name} sees the very same picture again and again, then life`,
      { timeout },
      async (t) => {
        const set = await cameras(t, small);
        const grabber = grab(t, decoder, set.url(0), 'tcp');
        await grabber.until(() => grabber.numbers.length >= 3);
        await set.fault('cam1', 'freeze');
        const repeats = (): number => {
          const last = grabber.jpegs.at(-1);
          return last === undefined ? 0 : grabber.jpegs.filter((jpeg) => jpeg.equals(last)).length;
        };
        await grabber.until(() => repeats() >= 20);
        assert.equal((grabber.numbers.at(-1) ?? -1) % QUICK.gop, 0);
        await set.fault('cam1', null);
        await grabber.until(() => new Set(grabber.numbers.slice(-10)).size === 10);
        assert.ok(!grabber.numbers.includes(null));
      },
    );
  }

  test('loss: packets are missing by number, and with 100 % nothing comes', { timeout }, async (t) => {
    const set = await cameras(t, { ...small, count: 2 });
    const client = new RawClient(t, set.url(0));
    await client.play();
    await set.fault('cam1', 'loss:50');
    const gaps = (): number => {
      const sequences = client.rtp.map((packet) => packet.readUInt16BE(2));
      return sequences.filter((value, i) => i > 0 && value !== ((sequences[i - 1] ?? 0) + 1) % 2 ** 16)
        .length;
    };
    await client.until(() => gaps() >= 3);
    const lost = new RawClient(t, set.url(0));
    await set.fault('cam1', 'loss:100');
    await lost.play();
    await picturesPass(t, set, 10);
    assert.equal(lost.rtp.length, 0);
  });

  test(
    'trickle: some bytes a second, and the stream is in order again afterwards',
    { timeout },
    async (t) => {
      const set = await cameras(t, { ...small, count: 2 });
      const client = new RawClient(t, set.url(0));
      await client.play();
      await client.until(() => client.rtp.length > 5);
      await set.fault('cam1', 'trickle:100');
      await client.until(() => client.pending.length > 20);
      const before = client.rtp.length;
      await picturesPass(t, set, 10);
      assert.equal(client.rtp.length, before, 'no whole packet in that time');
      await set.fault('cam1', null);
      await client.until(() => client.rtp.length > before + 10);
      assert.ok(client.packets.every((packet) => packet.channel <= 1));
      const sequences = client.rtp.map((packet) => packet.readUInt16BE(2));
      assert.ok(sequences.every((value, i) => i === 0 || value === ((sequences[i - 1] ?? 0) + 1) % 2 ** 16));
    },
  );
});
