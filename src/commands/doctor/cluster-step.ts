import type { CameraSpec } from '../../config/camera-spec.js';
import type { Config } from '../../config/settings.js';
import { mainKey } from '../../camera/stream.js';
import { natsSettings } from '../../join-cluster.js';
import type { StreamSurvey } from '../../cluster/survey.js';
import type { Tell } from './steps.js';

/**
 * Tells which node of the cluster has the camera, and why. Nothing on a single node; a cluster that cannot be asked is told, and keeps
 * nothing else from being looked at.
 */
export async function clusterStep(spec: CameraSpec, config: Config, tell: Tell): Promise<void> {
  const nats = natsSettings(config);
  if (!nats) return;
  const { surveyStreams } = await import('../../cluster/survey.js');
  const { name, site = '' } = spec;
  const small = { stream: name, name, main: false, site, identity: spec.url.identity };
  const main = spec.mainUrl && {
    stream: mainKey(name),
    name,
    main: true,
    site,
    identity: spec.mainUrl.identity,
  };
  const cluster = { name: config.CLUSTER_NAME, secret: config.CLUSTER_SECRET, node: config.NODE_NAME };
  try {
    const found = await surveyStreams(nats, cluster, main ? [small, main] : [small]);
    for (const [i, survey] of found.entries()) tellSurvey(i === 0 ? 'owner' : 'owner, main', survey, tell);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    tell('cluster', error.message);
  }
}

/** One stream's lines. */
function tellSurvey(step: string, survey: StreamSurvey, tell: Tell): void {
  const { owner, nodes } = survey;
  tell(step, ownerText(survey));
  for (const { node, place, why } of nodes)
    tell(
      '',
      `${node}${node === owner ? ' (owner)' : ''}: ${place === null ? '' : `choice ${place}, `}${why}`,
    );
  if (survey.otherSource)
    tell('ADVICE', `node ${owner ?? ''} opened it from another address: viewers of this one get 4409`);
  for (const node of survey.otherSecret)
    tell('ADVICE', `node ${node} has another CLUSTER_SECRET: set the same on all`);
}

function ownerText({ owner, nodes }: StreamSurvey): string {
  const first = nodes.find(({ place }) => place === 1)?.node;
  if (owner === null)
    return first ? `no node: nobody watches it now; ${first} would open it` : 'no node, and none may open it';
  if (owner === first) return `node ${owner}, and it would be chosen again`;
  // Cameras move for three reasons only.
  const stays = 'it stays until a node is busy, ends or joins';
  return first ? `node ${owner}; ${first} would be chosen now, but ${stays}` : `node ${owner}; ${stays}`;
}
