/**
 * A copy of what the proxy remembers, which shares nothing that can change: maps, lists and objects of any class are
 * copied to any depth. A promise is shared: it is an answer that was given, and stays as it is.
 */
export function copied<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || value instanceof Promise) return value;
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, copied(item as unknown)])) as Value;
  if (Array.isArray(value)) return value.map((item) => copied(item as unknown)) as Value;
  const made = Object.create(Object.getPrototypeOf(value) as object | null) as Record<string, unknown>;
  for (const [key, item] of Object.entries(value)) made[key] = copied(item as unknown);
  return made as Value;
}
