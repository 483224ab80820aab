import assert from 'node:assert/strict';
import { test } from 'node:test';
import { helpText, QUICK, readOptions, UsageError } from '../../bench/lib/command-line.js';

const timeout = 30_000;
const OPTIONS = {
  ...QUICK,
  minutes: { default: 10, min: 0.1, max: 60, fractions: true, help: 'how long' },
  cameras: { default: 4, min: 1, max: 100, help: 'virtual cameras' },
} as const;

test('options are numbers and flags, with their defaults', { timeout }, () => {
  assert.deepEqual(readOptions([], OPTIONS), { quick: false, minutes: 10, cameras: 4 });
  assert.deepEqual(readOptions(['--quick', '--minutes=0.5', '--cameras', '100'], OPTIONS), {
    quick: true,
    minutes: 0.5,
    cameras: 100,
  });
});

test('a wrong option is told in one line that names it', { timeout }, () => {
  for (const [args, what] of [
    [['--camera', '3'], /--camera/],
    [['--cameras'], /--cameras/],
    [['--cameras', '0'], /--cameras must be a whole number from 1 to 100, not "0"/],
    [['--cameras', '1.5'], /whole number/],
    [['--cameras', '1e1'], /whole number/],
    [['--minutes', 'ten'], /--minutes must be a number from 0.1 to 60, not "ten"/],
    [['--minutes', '-3'], /--minutes/],
    [['--quick=yes'], /--quick/],
    [['operand'], /operand/],
  ] as const)
    assert.throws(
      () => readOptions(args, OPTIONS),
      (error) => error instanceof UsageError && what.test(error.message) && !error.message.includes('\n'),
      args.join(' '),
    );
});

test('help names every option, its default and its range', { timeout }, () => {
  assert.equal(readOptions(['--help', '--cameras', '3'], OPTIONS), null);
  const text = helpText({ name: 'some-bench', about: 'What it is for.', options: OPTIONS });
  assert.match(text, /node dist\/bench\/some-bench\/main\.js/);
  assert.match(text, /What it is for\./);
  for (const line of [/--quick +short/, /--minutes N +how long \(10; 0\.1 to 60\)/, /--cameras N/, /--help/])
    assert.match(text, line);
});
