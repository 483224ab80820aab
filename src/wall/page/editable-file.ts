import type { EditableFile } from '../../shared/editable-file.js';

/** Parser of what the service tells administrators of its configuration. */

const fieldOf = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;

export const textOf = (value: unknown, key: string): string => {
  const text = fieldOf(value, key);
  return typeof text === 'string' ? text : '';
};

/** Null for what is no such answer. */
export function parseEditableFile(json: unknown): EditableFile | null {
  const cameras = fieldOf(json, 'cameras');
  const revision = textOf(json, 'revision');
  if (!Array.isArray(cameras) || revision === '') return null;
  return {
    revision,
    cameras: cameras.map((camera) => ({
      name: textOf(camera, 'name'),
      title: textOf(camera, 'title'),
      address: textOf(camera, 'address'),
    })),
    problem: textOf(json, 'problem') || null,
  };
}
