import { type PlacementNode, type PlacementRequest, placementOrder, roomClass } from './placement.js';

/** What placement says of one node. */
export interface NodeVerdict {
  readonly node: string;
  /** 1 is asked first; `null`: it may not open the camera. */
  readonly place: number | null;
  readonly why: string;
}

const ROOM_TEXTS = ['much room', 'some room', 'little room'];

/** Why nodes may open a camera or not, those that would be asked first; for people. Pure. */
export function explainPlacement(
  request: PlacementRequest,
  nodes: readonly PlacementNode[],
): readonly NodeVerdict[] {
  const order = placementOrder(request, nodes);
  const others = nodes.filter((node) => !order.includes(node));
  return [
    ...order.map((node, i) => ({ node: node.name, place: i + 1, why: roomText(node) })),
    ...others.map((node) => ({ node: node.name, place: null, why: whyNot(request, node) })),
  ];
}

function roomText(node: PlacementNode): string {
  const free = `${Math.round(node.free * 100)} % of its processors free`;
  const owned = `${node.owned} of ${node.maxOwned} cameras on ${node.cores} cores`;
  return `${ROOM_TEXTS[roomClass(node)] ?? 'no room'}: ${free}, ${owned}`;
}

/** The first rule that keeps it from the camera. */
function whyNot(request: PlacementRequest, node: PlacementNode): string {
  const { site } = request;
  if (!node.opensCameras) return 'opens no cameras (NODE_ROLE=edge)';
  if (node.draining) return 'is draining';
  if (site !== '' && node.site !== site) return `is of ${siteText(node.site)}, the camera of site ${site}`;
  if (!request.knows(node.name)) return 'does not have this camera, with this address, in its CONFIG_FILE';
  return `has ${node.owned} cameras already (MAX_CAMERAS)`;
}

const siteText = (site: string): string => (site === '' ? 'no site' : `site ${site}`);
