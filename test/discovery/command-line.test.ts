import assert from 'node:assert/strict';
import { test } from 'node:test';
import { helpText, parseCommandLine } from '../../src/config/command-line.js';
import { ConfigError } from '../../src/shared/errors.js';

const timeout = 30_000;

test('--discover takes interfaces, seconds and a file, and settings beside them', { timeout }, () => {
  const args = [
    '--discover',
    '--interface',
    'eth0',
    '--interface=eth1',
    '--timeout',
    '2.5',
    '--credentials',
    'f',
  ];
  const { command, discover, flags } = parseCommandLine([...args, '--rtsp-deny', '10.0.0.0/8']);
  assert.equal(command, 'discover');
  assert.deepEqual(discover, { interfaces: ['eth0', 'eth1'], timeoutMs: 2500, credentialsFile: 'f' });
  assert.deepEqual(flags, { RTSP_DENY: '10.0.0.0/8' });
  assert.deepEqual(parseCommandLine(['--discover']).discover, {
    ...{ interfaces: [], timeoutMs: 5000, credentialsFile: '' },
  });
  assert.match(helpText(), /--discover .*\n.*--interface.*\n.*--credentials/);
});

for (const [what, args, expected] of [
  ['without it', ['--check', '--interface', 'eth0'], /^--interface: only with --discover$/],
  ['without a value', ['--discover', '--interface'], /^--interface: needs a value$/],
  ['of no seconds', ['--discover', '--timeout', 'soon'], /^--timeout: must be seconds from 1 to 60$/],
  ['of too many seconds', ['--discover', '--timeout', '61'], /^--timeout: must be seconds from 1 to 60$/],
] as const)
  test(`a flag of --discover ${what} is refused`, { timeout }, () => {
    assert.throws(
      () => parseCommandLine(args),
      (error) => error instanceof ConfigError && expected.test(error.message),
    );
  });
