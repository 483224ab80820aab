import type { Admission } from '../../access/admission.js';
import type { RequestFacts } from '../../access/request-facts.js';
import type { Registry } from '../../camera/registry.js';
import { type Clock, epochMs } from '../../shared/clock.js';
import type { Metrics } from '../../telemetry/metrics.js';
import { json, plain } from '../answer.js';
import { Coalesced } from '../coalesced.js';
import type { HttpRoute } from '../handler.js';
import { MetricsText } from './metrics-text.js';

export interface ServiceRouteDeps {
  readonly admission: Admission;
  readonly registry: Registry;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** Why the service is not ready; empty when it is. */
  readonly problems: () => readonly string[];
  /** Whether administrators may change the cameras of CONFIG_FILE. */
  readonly editable: boolean;
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
  metricsRoute(deps),
  {
    path: '/api/cameras',
    access: 'read',
    handle: (_, { grant }) =>
      json(200, {
        cameras: deps.registry.list(epochMs()).filter(({ camera }) => grant.allows(camera)),
        ...(deps.editable ? { editable: true } : {}),
      }),
  },
];

/** A scrape renders every series, some milliseconds of work with a hundred cameras: clients that ask often share it. */
const RENDER_INTERVAL_MS = 200;

function metricsRoute({ metrics, clock }: ServiceRouteDeps): HttpRoute {
  const { registry } = metrics;
  const rendered = new Coalesced(
    async () => new MetricsText(await registry.metrics()),
    RENDER_INTERVAL_MS,
    clock,
  );
  return {
    path: '/metrics',
    access: 'read',
    handle: async (_, { grant }) => {
      const text = (await rendered.get()).for((camera) => grant.allows(camera));
      return { ...plain(200, text), type: registry.contentType };
    },
  };
}

async function isAdmitted(facts: RequestFacts, admission: Admission): Promise<boolean> {
  try {
    return await admission.admit('probe', facts, () => true);
  } catch {
    return false;
  }
}
