import { isObject, type Json, type JsonObject } from '../../src/model/json.ts';
import type { Item } from './memory-state.ts';

export const texts = (value: Json | undefined): readonly string[] => (Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : []);
export const record = (value: Json | undefined): Record<string, string> => (isObject(value) ? { ...(value as Record<string, string>) } : {});
export const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

/** An answer's form of an item: AWS names nothing as aiplan does, so that types have something to translate. */
export const describe = (item: Item): JsonObject => {
  const { Tags, Password: _password, Script, ...rest } = item.properties;
  return {
    ...rest, ...(Script === undefined ? {} : { HasScript: true, ScriptText: Script }), Id: item.identity, ResourceId: item.incarnation, Status: item.state,
    Pending: { ...item.pending }, Rows: item.rows.length, Created: item.created, AllTags: { ...record(Tags), ...item.systemTags },
  };
};

/** Tags that AWS or aiplan owns. */
export const isSystemTag = (key: string): boolean => /^(aws|aiplan):/u.test(key);
