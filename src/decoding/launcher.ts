import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { landlockVersion, SIGNALS_SINCE } from '../shared/landlock.js';
import { canLimit } from '../shared/resource-limits.js';
import { PROBE_LIMITS } from './probe-limits.js';
import { startsRestricted } from './restricted-start.js';
import type { Confinement, FfmpegBuild } from '../shared/worker-protocol.js';
import { which } from './which.js';

const run = promisify(execFile);

/** What `setpriv` gives up. */
type Rights = Pick<Confinement, 'parentDeath' | 'noNewPrivileges' | 'noCapabilities'>;

/** Rights that can be given up before FFmpeg starts, by util-linux's `setpriv`; the most first. */
const RIGHTS: readonly { readonly args: readonly string[]; readonly rights: Rights }[] = [
  {
    args: ['--no-new-privs', '--inh-caps=-all', '--bounding-set=-all'],
    rights: { parentDeath: true, noNewPrivileges: true, noCapabilities: true },
  },
  {
    args: ['--no-new-privs'],
    rights: { parentDeath: true, noNewPrivileges: true, noCapabilities: false },
  },
  // BusyBox and older util-linux have no more, or not even that.
  { args: [], rights: { parentDeath: true, noNewPrivileges: false, noCapabilities: false } },
];

/** A network namespace of its own has no interface that is up. Without privileges only a user namespace may make one. */
const isolation = (isRoot: boolean): readonly string[] => [
  ...(isRoot ? [] : ['--user', '--map-root-user']),
  '--net',
  '--',
];

/** How a program can be started. */
type Launch = Pick<FfmpegBuild, 'launcher'> & {
  readonly confinement: Rights & Pick<Confinement, 'noNetwork'>;
};

/**
 * The words that start a program with the fewest rights that this user and this container allow, and what else it bears. Tried with the
 * program itself: nothing else knows.
 * @param path a program that ends at once with `-version`
 */
export async function findLauncher(path: string): Promise<Pick<FfmpegBuild, 'launcher' | 'confinement'>> {
  const { launcher, confinement } = await findRights(path);
  const noChanges = await startsRestricted([...launcher, path, '-version'], PROBE_LIMITS);
  return {
    launcher,
    confinement: {
      ...confinement,
      // Whoever restricts itself by Landlock has given them up.
      noNewPrivileges: confinement.noNewPrivileges || noChanges,
      limits: canLimit(),
      noChanges,
      noSignals: noChanges && landlockVersion() >= SIGNALS_SINCE,
    },
  };
}

async function findRights(path: string): Promise<Launch> {
  const isRoot = process.getuid?.() === 0;
  const isLinux = process.platform === 'linux';
  const setpriv = isLinux ? await which('setpriv') : null;
  const unshare = isLinux ? await which('unshare') : null;
  const starts = async (launcher: readonly string[]): Promise<boolean> => {
    const words = [...launcher, path, '-version'];
    // What cannot be started in this way is started with less.
    return run(words[0] ?? path, words.slice(1), PROBE_LIMITS).then(
      () => true,
      () => false,
    );
  };
  const isolated = unshare === null ? [] : [unshare, ...isolation(isRoot)];
  for (const { args, rights } of setpriv === null ? [] : RIGHTS) {
    // The last to run, since a change of credentials takes the signal of --pdeathsig back.
    const own = [setpriv ?? '', '--pdeathsig', 'KILL', ...args, '--'];
    // Others than root have no capabilities to give up; in a user namespace of their own they would.
    if (unshare !== null && rights.noCapabilities && (await starts([...isolated, ...own])))
      return { launcher: [...isolated, ...own], confinement: { ...rights, noNetwork: true } };
    const noCapabilities = rights.noCapabilities || !isRoot;
    if (await starts(own))
      return { launcher: own, confinement: { ...rights, noCapabilities, noNetwork: false } };
  }
  return {
    launcher: [],
    confinement: { parentDeath: false, noNewPrivileges: false, noCapabilities: !isRoot, noNetwork: false },
  };
}

const TEXTS: Readonly<Record<keyof Confinement, string>> = {
  parentDeath: 'ends with the service',
  noNewPrivileges: 'no new privileges',
  noCapabilities: 'no capabilities',
  noNetwork: 'no network',
  limits: 'opens nothing, limited memory',
  noChanges: 'changes no file, sees no memory of others',
  noSignals: 'no signals to others',
};

/** What holds for each FFmpeg, and what does not, for people. */
export function confinementText(confinement: Confinement): string {
  const names = Object.keys(TEXTS) as (keyof Confinement)[];
  const list = (holds: boolean): string =>
    names
      .filter((name) => confinement[name] === holds)
      .map((name) => TEXTS[name])
      .join(', ');
  const missing = list(false);
  return `${list(true) || 'nothing'}${missing === '' ? '' : `; not to be had here: ${missing}`}`;
}
