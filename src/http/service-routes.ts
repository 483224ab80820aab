import type { Admission } from '../access/admission.js';
import type { RequestFacts } from '../access/request-facts.js';
import type { Registry } from '../camera/registry.js';
import { epochMs } from '../shared/clock.js';
import type { Metrics } from '../telemetry/metrics.js';
import { json, plain } from './answer.js';
import type { HttpRoute } from './handler.js';

export interface ServiceRouteDeps {
  readonly admission: Admission;
  readonly registry: Registry;
  readonly metrics: Metrics;
  /** Why the service is not ready; empty when it is. */
  readonly problems: () => readonly string[];
}

/** What tells about the service and its cameras: probes, metrics, the list of cameras. */
export const serviceRoutes = (deps: ServiceRouteDeps): readonly HttpRoute[] => [
  { path: '/healthz', access: 'anybody', handle: () => plain(200, 'ok\n') },
  {
    // Without a token too: an orchestrator's probe has none. What is wrong is told only to whom a token lets in.
    path: '/readyz',
    access: 'anybody',
    handle: async (facts) => {
      const known = await isAdmitted(facts, deps.admission);
      const problems = deps.problems();
      const ready = problems.length === 0;
      return json(ready ? 200 : 503, { ready, problems: known ? problems : [] });
    },
  },
  {
    path: '/metrics',
    access: 'read',
    handle: async () => ({
      ...plain(200, await deps.metrics.registry.metrics()),
      type: deps.metrics.registry.contentType,
    }),
  },
  {
    path: '/api/cameras',
    access: 'read',
    handle: (_, { grant }) =>
      json(200, { cameras: deps.registry.list(epochMs()).filter(({ camera }) => grant.allows(camera)) }),
  },
];

async function isAdmitted(facts: RequestFacts, admission: Admission): Promise<boolean> {
  try {
    return await admission.admit('read', facts, () => true);
  } catch {
    return false;
  }
}
