import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bucketConfig, bucketProblem } from '../../src/cluster/bus/bucket-config.js';

const timeout = 30_000;
const OWN = bucketConfig('rtsp-ws-owners', 3000, 1);

test('a bucket as nodes make it is taken', { timeout }, () => {
  assert.equal(bucketProblem('rtsp-ws-owners', OWN), '');
  assert.equal(bucketProblem('rtsp-ws-owners', { ...OWN, num_replicas: 3, sources: [] }), '');
});

test('one that keeps or publishes more than its own entries is refused', { timeout }, () => {
  for (const more of [
    { subjects: [...OWN.subjects, 'rtsp-ws.frames.>'] },
    { subjects: ['$KV.rtsp-ws-nodes.>'] },
    { republish: { src: '$KV.rtsp-ws-owners.x', dest: 'rtsp-ws.state.b' } },
    { subject_transform: { src: '$KV.rtsp-ws-owners.x', dest: 'rtsp-ws.state.b' } },
    { mirror: { name: 'other' } },
    { sources: [{ name: 'other' }] },
  ])
    assert.match(bucketProblem('rtsp-ws-owners', { ...OWN, ...more }), /delete the stream KV_rtsp-ws-owners/);
});
