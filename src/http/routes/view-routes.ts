import type { Grant } from '../../access/auth.js';
import { json } from '../answer.js';
import type { HttpRoute } from '../handler.js';

/** @param list the views that a grant covers, as they are told to it */
export const viewRoutes = (list: (grant: Grant) => readonly unknown[]): readonly HttpRoute[] => [
  { path: '/api/views', access: 'read', handle: (_, { grant }) => json(200, { views: list(grant) }) },
];
