import assert from 'node:assert/strict';
import { test } from 'node:test';
import { declaredFormat } from '../../src/rtp/declared-format.js';
import { CHOSEN_FFMPEG } from '../support/ffmpegs.js';
import { encodeUnits, packetise, receive, setsOf, track } from './streams.js';

const LIMIT = { timeout: 60_000 };

for (const [codec, encoder, params] of [
  ['h264', 'libx264', '-x264-params'],
  ['h265', 'libx265', '-x265-params'],
] as const)
  test(`the parameter sets of the SDP announce the format of the ${codec} pictures that come`, LIMIT, () => {
    const more = codec === 'h265' ? ':log-level=none:pools=1:repeat-headers=1' : '';
    const units = encodeUnits(codec, CHOSEN_FFMPEG.path, {
      source: 'testsrc2=size=352x288:rate=25',
      options: ['-c:v', encoder, params, `aud=1:keyint=4${more}`],
      format: codec === 'h264' ? 'h264' : 'hevc',
      frames: 4,
    });
    const own = track(codec, { parameterSets: setsOf(codec, units) });
    const [first] = receive({ track: own }, packetise(units, { codec, mtu: 1400 })).units;
    assert.ok(first);
    const none = new Uint8Array(0);
    assert.deepEqual(declaredFormat(own), { ...first.format, parameterSets: none });
  });

test('nothing is announced by parameter sets that are missing or broken, and for JPEG', LIMIT, () => {
  assert.equal(declaredFormat(track('h264')), null);
  assert.equal(declaredFormat(track('jpeg')), null);
  for (const codec of ['h264', 'h265', 'mpeg4'] as const)
    for (const bytes of [[], [0x67], [0x42, 1], [0, 0, 1, 0x20]])
      assert.equal(declaredFormat(track(codec, { parameterSets: [Uint8Array.from(bytes)] })), null);
});
