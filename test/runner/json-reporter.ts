import type { TestEvent } from 'node:test/reporters';
import type { TestResult } from './results.js';

/** A reporter for node:test: each test as one line of JSON (`TestResult`); groups (`describe`) are left out. */
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    if (data.details.type === 'suite') continue;
    const isLeftOut = data.skip !== undefined || data.todo !== undefined;
    const result: TestResult = {
      name: data.name,
      file: data.file ?? '',
      seconds: data.details.duration_ms / 1000,
      outcome: isLeftOut ? 'skipped' : type === 'test:pass' ? 'passed' : 'failed',
    };
    yield `${JSON.stringify(result)}\n`;
  }
}
