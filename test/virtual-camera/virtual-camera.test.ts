import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { unwrap } from '../../bench/lib/frame-number.js';
import { EX_USAGE } from '../../bench/lib/command-line.js';
import { AUTH_MODES, spawnCameras } from '../../bench/virtual-camera/index.js';
import { accessUnits } from '../../bench/virtual-camera/annexb.js';
import { cameras, depacketise, bundledDecoder, decoders, grab, QUICK, RawClient } from './support.js';

const timeout = 30_000;
const ended = async (url: string): Promise<boolean> =>
  fetch(url).then(
    () => false,
    () => true,
  );

// They wait for pictures far more than they compute.
describe('virtual camera', { concurrency: 4 }, () => {
  for (const decoder of decoders()) {
    for (const transport of ['tcp', 'udp'] as const) {
      test(
        `${decoder.name} decodes every picture over ${transport}, through the loop's end`,
        { timeout },
        async (t) => {
          const set = await cameras(t, { width: 640, height: 360 });
          const grabber = grab(t, decoder, set.url(0), transport);
          const { clipFrames } = QUICK;
          await grabber.until(() => grabber.numbers.length >= clipFrames + 10);
          const { numbers } = grabber;
          assert.ok(!numbers.includes(null), `all are read: ${numbers.join(' ')}`);
          assert.equal((numbers[0] ?? -1) % QUICK.gop, 0, 'it begins with a key frame');
          for (const [i, number] of numbers.entries()) {
            if (i > 0) assert.equal(number, ((numbers[i - 1] ?? 0) + 1) % clipFrames);
          }
        },
      );
    }
  }

  test('the camera tells when it sent each number that a decoder shows', { timeout }, async (t) => {
    const set = await cameras(t, { width: 640, height: 480, count: 2 });
    const before = performance.timeOrigin + performance.now();
    const grabber = grab(t, decoders().at(-1) ?? bundledDecoder, set.url(1), 'tcp');
    await grabber.until(() => grabber.numbers.length >= 50);
    const after = performance.timeOrigin + performance.now();
    const sent = await set.sent('cam2');
    assert.deepEqual(await set.sent('cam1'), [], 'what nobody watches is not sent');
    const first = sent.find(([absolute]) => absolute % QUICK.clipFrames === grabber.numbers[0]);
    assert.ok(first !== undefined);
    let [absolute] = first;
    for (const [i, number] of grabber.numbers.slice(0, 50).entries()) {
      assert.ok(number !== null);
      absolute = unwrap(number, absolute, QUICK.clipFrames);
      assert.equal(absolute, first[0] + i);
      assert.ok(sent.some(([candidate]) => candidate === absolute));
    }
    const early = sent.filter(([candidate]) => candidate <= absolute);
    assert.ok(early.every(([, at], i) => at > before && at < after && at >= (early[i - 1]?.[1] ?? 0)));
    assert.equal((await set.sent('cam2', absolute))[0]?.[0], absolute);
  });

  test('RTP goes on over the loop without a step in sequence or time', { timeout }, async (t) => {
    const set = await cameras(t, { width: 320, height: 180, clipFrames: 10 });
    const client = new RawClient(t, set.url(0));
    const answer = await client.play();
    await client.until(() => client.timestamps.length > 25);
    const [, sequence, rtptime] = /seq=(\d+);rtptime=(\d+)$/.exec(answer.headers.get('rtp-info') ?? '') ?? [];
    const { rtp } = client;
    assert.equal(rtp[0]?.readUInt16BE(2), Number(sequence));
    assert.equal(rtp[0].readUInt32BE(4), Number(rtptime), 'RTP-Info tells the first packet');
    for (const [i, packet] of rtp.entries()) {
      assert.equal(packet.readUInt16BE(2), (Number(sequence) + i) % 2 ** 16);
      assert.equal(packet.readUInt32BE(8), rtp[0].readUInt32BE(8), 'one SSRC');
    }
    for (const [i, stamp] of client.timestamps.entries()) {
      assert.equal(stamp, (Number(rtptime) + i * 1800) % 2 ** 32);
    }
    const report = client.packets.find((packet) => packet.channel === 1)?.data;
    assert.equal(report?.readUInt32BE(16), Number(rtptime), 'a sender report stands before the first packet');
    const whole = accessUnits(depacketise(rtp)).slice(0, 20);
    assert.deepEqual(
      whole.map((unit) => unit.isKey),
      whole.map((_, i) => i % QUICK.gop === 0),
    );
  });

  test('a client may pause, play again, ask to be kept alive and say good-bye', { timeout }, async (t) => {
    const set = await cameras(t, { width: 320, height: 180 });
    const client = new RawClient(t, set.url(0));
    assert.match((await client.request('OPTIONS')).headers.get('public') ?? '', /DESCRIBE, SETUP, PLAY/);
    assert.equal((await client.request('PLAY')).status, 454, 'nothing was set up');
    await client.play();
    await client.until(() => client.rtp.length > 3);
    assert.equal((await client.request('GET_PARAMETER')).status, 200);
    assert.equal((await client.request('PAUSE')).status, 200);
    assert.equal((await set.list())[0]?.clients, 0);
    assert.equal((await client.request('PLAY')).status, 200);
    const seen = client.rtp.length;
    await client.until(() => client.rtp.length > seen + 3);
    assert.equal((await client.request('RECORD')).status, 501);
    assert.equal((await client.request('TEARDOWN')).status, 200);
    await client.until(() => client.ended !== undefined);
    assert.equal(client.ended, '');
    const lost = new RawClient(t, `${set.url(0)}x`);
    assert.equal((await lost.request('DESCRIBE')).status, 404);
  });

  for (const auth of AUTH_MODES.filter((mode) => mode !== 'none')) {
    test(`real decoders pass ${auth} with the right password only`, { timeout }, async (t) => {
      const set = await cameras(t, { width: 320, height: 180, auth, user: 'ad min', password: 'p@s/:w' });
      for (const decoder of decoders()) {
        const grabber = grab(t, decoder, set.url(0), 'tcp');
        await grabber.until(() => grabber.numbers.length > 2);
        const wrong = grab(t, decoder, set.url(0).replace(/:[^:@]*@/, ':wrong@'), 'tcp');
        await assert.rejects(
          wrong.until(() => wrong.numbers.length > 0),
          /401/,
        );
      }
      assert.ok(
        (await set.list()).every((camera) => !camera.url.includes('@')),
        'no password in the list',
      );
    });
  }

  test(
    'cameras in a process of their own tell and do the same, and end when asked',
    { timeout },
    async (t) => {
      const set = await spawnCameras({
        ...QUICK,
        count: 2,
        width: 320,
        height: 180,
        auth: 'basic',
        name: 'gate',
      });
      t.after(() => set.stop());
      assert.match(set.url(1), /^rtsp:\/\/admin:virtual@127\.0\.0\.1:\d+\/gate2$/);
      const grabber = grab(t, bundledDecoder, set.url(1), 'tcp');
      await grabber.until(() => grabber.numbers.length > 5);
      const [one, two] = await set.list();
      assert.deepEqual(
        [one?.clients, two?.clients, two?.contacts.describes],
        [0, 1, 2],
        'asked again with credentials',
      );
      const sent = await set.sent('gate2');
      const [newest] = sent.at(-1) ?? [];
      assert.ok(newest !== undefined);
      assert.deepEqual((await set.sent('gate2', newest))[0], sent.at(-1));
      await set.fault('gate1', 'stall:3');
      assert.deepEqual(
        (await set.list()).map((camera) => camera.fault),
        ['stall:3', null],
      );
      await assert.rejects(set.fault('gate1', 'nonsense'), /unknown fault/);
      await assert.rejects(set.fault('gate9', null), /no such camera/);
      assert.equal((await fetch(`${set.control}/nothing`)).status, 404);
      await set.stop();
      assert.ok(await ended(set.control));
    },
  );

  test(
    'cameras end with the process that started them, and a bad option ends them at once',
    { timeout },
    async (t) => {
      const main = fileURLToPath(new URL('../../bench/virtual-camera/main.js', import.meta.url));
      const args = [
        '--exit-with-parent',
        '--port',
        '0',
        '--size',
        '320x180',
        '--gop',
        '5',
        '--clip-frames',
        '40',
      ];
      const child = spawn(process.execPath, [main, ...args], { stdio: ['pipe', 'pipe', 'ignore'] });
      t.after(() => child.kill('SIGKILL'));
      const lines: unknown[] = await once(createInterface({ input: child.stdout }), 'line');
      assert.match(String(lines[0]), /^\{"ready":true,/);
      const exit = once(child, 'exit');
      child.stdin.end();
      assert.deepEqual(await exit, [0, null]);
      const bad = spawn(process.execPath, [main, '--size', 'big'], { stdio: 'ignore' });
      assert.deepEqual(await once(bad, 'exit'), [EX_USAGE, null]);
    },
  );
});
