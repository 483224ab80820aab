import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { findFfmpeg } from '../../src/decoding/ffmpeg-build.js';
import { openEye } from '../cluster/eye.js';
import { heldLeases } from '../cluster/leases.js';
import { startCluster, type TestCluster } from '../cluster/nodes.js';
import { SessionWatch } from '../cluster/session-watch.js';
import { commandLine } from '../lib/command-line.js';
import { writeReport } from '../lib/report.js';
import { markdownTable } from '../lib/table.js';
import { pick } from '../soak/random-faults.js';
import { soakOptions } from '../soak/options.js';
import { noCrowdYet, runCrowd, type Target } from '../soak/random-viewers.js';
import { type Sample, takeSample, TOLERANCES, type Watched } from '../soak/sample.js';
import { isTrend, linearFit } from '../soak/trend.js';
import { CLUSTER_FAULTS, ClusterFaults, FAULT_TIMES, SHORT_FAULT_TIMES } from './cluster-faults.js';

/**
 * Three nodes, cameras and viewers, and random faults of nodes, their network and NATS for as long as asked. Exits with 1 when a frame
 * is torn, a camera has two sessions for too long, anything is left when everybody is gone, or the node that lives on grows.
 */

const SAMPLE_MS = 5000;
const WARM_UP_SHARE = 0.3;
const MOST_DOUBLE_MS = 5000;
const NODES = ['a', 'b', 'c'];
const SURVIVOR = 'a';
const CAMERA = { width: 320, height: 180, fps: 10, gop: 10 } as const;
const SETTINGS = {
  FRAME_WIDTH: '320',
  FRAME_HEIGHT: '180',
  LINGER_MS: '3000',
  RETRY_MAX_MS: '5000',
} as const;
/** One viewer of so many takes video as it comes, the others JPEG. */
const VIDEO_EVERY = 3;
const WATCHED = Object.keys(TOLERANCES) as Watched[];

const {
  minutes,
  cameras: count,
  viewers: places,
} = commandLine({
  name: 'soak-cluster',
  about:
    'Three nodes, cameras, viewers, and random faults; fails when anything is torn, doubled, left or grows.',
  options: soakOptions({ minutes: 15, cameras: 12, viewers: 30 }),
});

const isShort = minutes < 1;
/** After the last fault, until everything has to be as if none had been, ms; a short run has little time. */
const SETTLE_MS = isShort ? 6000 : 12_000;

const cluster = await startCluster({
  nodes: NODES,
  proxied: true,
  cameras: { ...CAMERA, count },
  env: SETTINGS,
});
const { path: decoder } = await findFfmpeg(process.env['FFMPEG_PATH'] ?? '');
const problems: string[] = [];
try {
  const began = performance.now();
  const seconds = (): number => (performance.now() - began) / 1000;
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const faults = new ClusterFaults(cluster, {
    ...{ survivor: SURVIVOR, now: seconds, stop: stop.signal },
    times: isShort ? SHORT_FAULT_TIMES : FAULT_TIMES,
  });
  const sessions = new SessionWatch(cluster.cameras, (camera) => faults.isExcused(camera));
  const crowd = noCrowdYet();
  const leave = new AbortController();
  setMaxListeners(0, leave.signal);
  let asked = 0;
  const target = (): Target => {
    const { port } = cluster.node(pick(NODES));
    const path = `/ws?camera_index=cam${1 + Math.floor(Math.random() * count)}`;
    return asked++ % VIDEO_EVERY === 0 ? { port, path: `${path}&codec=h264`, decoder } : { port, path };
  };
  const watching = runCrowd(target, places, crowd, leave.signal);
  const work = faults.run();
  const survivor = cluster.node(SURVIVOR);
  const samples: Sample[] = [];
  while (seconds() < minutes * 60) {
    await sleep(SAMPLE_MS);
    samples.push(await takeSample(survivor.pid, survivor.url, seconds() / 60));
  }
  stop.abort();
  await work;
  await sleep(SETTLE_MS);
  problems.push(...faults.problems, ...(await everyNodeShowsEveryCamera(cluster, sessions)));
  leave.abort();
  await watching;
  problems.push(...(await leftovers(cluster)));
  await sessions.stop();

  const fits = WATCHED.map((name) => {
    const window = samples.slice(Math.floor(samples.length * WARM_UP_SHARE));
    const fit = linearFit(window.map((sample) => [sample.minutes, sample[name]]));
    const trend = fit !== null && isTrend(fit, TOLERANCES[name]);
    if (trend) problems.push(`${name} grows by ${fit.growth.toFixed(1)} in the window`);
    return { name, mean: fit?.mean, growth: fit?.growth, trend };
  });
  if (crowd.torn > 0) problems.push(`${crowd.torn} torn JPEGs`);
  if (crowd.complaints.length > 0)
    problems.push(`of video a decoder says: ${[...new Set(crowd.complaints)].slice(0, 5).join('; ')}`);
  if (sessions.longest > MOST_DOUBLE_MS)
    for (const [camera, ms] of sessions.longestDouble)
      if (ms > MOST_DOUBLE_MS)
        problems.push(
          `${camera} had two sessions for ${(ms / 1000).toFixed(1)} s from ${sessions.when(camera)}`,
        );
  const leasesLost = await survivor.metric('cluster_leases_lost_total');

  const closes = Object.fromEntries([...crowd.closes].sort(([a], [b]) => a - b));
  const total = (fault: string): number => faults.events.filter((event) => event.fault === fault).length;
  writeReport({
    name: 'soak-cluster',
    ffmpegPath: decoder,
    title: `Soak of a cluster: ${minutes} minutes, ${NODES.length} nodes, ${count} cameras, ${places} viewers, random faults`,
    settings: { minutes, cameras: count, viewers: places, ...CAMERA, ...SETTINGS, tolerances: TOLERANCES },
    results: { fits, crowd: { ...crowd, closes }, events: faults.events, samples, problems },
    table: [
      markdownTable(
        [
          { title: `node ${SURVIVOR} after warm-up` },
          { title: 'mean', align: 'right' },
          { title: 'growth in the window', align: 'right' },
          { title: 'verdict' },
        ],
        fits.map(({ name, mean, growth, trend }) => [name, mean, growth, trend ? 'TREND' : 'flat']),
      ),
      `${faults.events.length} faults (${CLUSTER_FAULTS.map((fault) => `${fault} ${total(fault)}`).join(', ')}); ` +
        `node ${SURVIVOR} lost ${leasesLost} leases.`,
      `${crowd.connections} viewers, ${crowd.frames} frames, ${crowd.torn} torn; ${crowd.units} units of video, ` +
        `${crowd.complaints.length} complaints of a decoder; closes: ${JSON.stringify(closes)}.`,
      `Two sessions of a camera, beyond the faults that part nodes: ${Math.round(sessions.longest)} ms at most.`,
    ].join('\n\n'),
  });
  if (problems.length > 0) {
    for (const { fault, node, from, to } of faults.events)
      console.log(`${from.toFixed(1)}-${to.toFixed(1)} s ${fault} ${node}`);
  }
} finally {
  await cluster.stop();
}
console.log(problems.length === 0 ? 'All whole, no trend.' : `PROBLEMS: ${problems.join('; ')}`);
process.exit(problems.length === 0 ? 0 : 1);

/** What is not as it should be some seconds after the last fault. */
async function everyNodeShowsEveryCamera(all: TestCluster, sessions: SessionWatch): Promise<string[]> {
  const names = Array.from({ length: count }, (_, i) => `cam${i + 1}`);
  const eyes = NODES.flatMap((node) => names.map((camera) => openEye(all.node(node), camera)));
  await sleep(SETTLE_MS);
  const wrong = eyes
    .filter(({ frames }) => frames.length < 5)
    .map(({ node, camera, stats, states }) => {
      const told = `${states.at(-1)?.state ?? 'nothing'}, closed ${JSON.stringify(stats.closed)}`;
      return `at the end node ${node} shows no ${camera}: ${told}`;
    });
  for (const [camera, clients] of sessions.now)
    if (clients !== 1) wrong.push(`at the end ${camera} has ${clients} sessions`);
  for (const eye of eyes) eye.close();
  return wrong;
}

/** What is left when nobody watches any more. */
async function leftovers(all: TestCluster): Promise<string[]> {
  let left: string[] = [];
  const end = performance.now() + 20_000;
  do {
    await sleep(500);
    const samples = await Promise.all(
      NODES.map((name) => takeSample(all.node(name).pid, all.node(name).url, 0)),
    );
    left = samples.flatMap(({ ffmpegs, viewers, zombies }, i) =>
      ffmpegs + viewers + zombies === 0
        ? []
        : [`node ${NODES[i] ?? ''} still has ${ffmpegs} FFmpegs, ${viewers} viewers, ${zombies} zombies`],
    );
    const playing = (await all.cameras.list()).filter(({ clients }) => clients > 0);
    if (playing.length > 0) left.push(`${playing.length} cameras still have a session`);
    const leases = await heldLeases(all.nats.url);
    if (leases.length > 0) left.push(`leases of ${leases.join()} are left`);
  } while (left.length > 0 && performance.now() < end);
  return left;
}
