export interface Filter {
  readonly name: string;
  readonly values: readonly string[];
}

/** The form parameters of a query protocol request, such as `Filter.1.Value.2`, which corrections may rewrite. */
export class Parameters {
  private readonly entries: Map<string, string>;

  constructor(source: string | ReadonlyMap<string, string> | Readonly<Record<string, string>>) {
    if (typeof source === 'string') this.entries = new Map(new URLSearchParams(source));
    else if (source instanceof Map) this.entries = new Map(source);
    else this.entries = new Map(Object.entries(source));
  }

  get(name: string): string | undefined {
    return this.entries.get(name);
  }
  has(name: string): boolean {
    return this.entries.has(name);
  }
  set(name: string, value: string): void {
    this.entries.set(name, value);
  }
  delete(name: string): void {
    this.entries.delete(name);
  }
  /** True only for the text `true`, as the SDK writes it. */
  isTrue(name: string): boolean {
    return this.entries.get(name)?.toLowerCase() === 'true';
  }
  copy(): Parameters {
    return new Parameters(this.entries);
  }
  toString(): string {
    return new URLSearchParams([...this.entries]).toString();
  }

  /** Whether a name begins so. */
  hasPrefix(prefix: string): boolean {
    return [...this.entries.keys()].some((name) => name.startsWith(prefix));
  }
  deletePrefix(prefix: string): void {
    for (const name of this.entries.keys()) if (name.startsWith(prefix)) this.entries.delete(name);
  }

  /** The values of `prefix.1`, `prefix.2`, … in order. */
  list(prefix: string): readonly string[] {
    return this.indexes(prefix)
      .map((index) => this.entries.get(`${prefix}.${index}`))
      .filter((value) => value !== undefined);
  }

  /** The structures `prefix.1.*`, `prefix.2.*`, … in order, each by the rest of its names. */
  structures(prefix: string): readonly Parameters[] {
    return this.indexes(prefix).map((index) => {
      const start = `${prefix}.${index}.`;
      return new Parameters(
        new Map(
          [...this.entries]
            .filter(([name]) => name.startsWith(start))
            .map(([name, value]) => [name.slice(start.length), value]),
        ),
      );
    });
  }

  /** Puts structures in the place of all that begin with the prefix. */
  setStructures(prefix: string, structures: readonly Readonly<Record<string, string>>[]): void {
    this.deletePrefix(`${prefix}.`);
    structures.forEach((structure, index) => {
      for (const [name, value] of Object.entries(structure)) this.entries.set(`${prefix}.${index + 1}.${name}`, value);
    });
  }

  setList(prefix: string, values: readonly string[]): void {
    this.deletePrefix(`${prefix}.`);
    values.forEach((value, index) => this.entries.set(`${prefix}.${index + 1}`, value));
  }

  /** EC2's `Filter.N` and RDS's `Filters.Filter.N`. */
  filters(): readonly Filter[] {
    return [...this.structures('Filter'), ...this.structures('Filters.Filter')].map((filter) => ({
      name: filter.get('Name') ?? '',
      values: [...filter.list('Value'), ...filter.list('Values.Value')],
    }));
  }

  /** Puts filters in the place of EC2's `Filter.N`. */
  setFilters(filters: readonly Filter[]): void {
    this.setStructures(
      'Filter',
      filters.map(({ name, values }) => ({
        Name: name,
        ...Object.fromEntries(values.map((value, index) => [`Value.${index + 1}`, value])),
      })),
    );
  }

  toRecord(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.entries);
  }

  /** The parameters as one text that is equal for equal requests; `without` leaves names out. */
  fingerprint(without: readonly string[]): string {
    return JSON.stringify(
      [...this.entries].filter(([name]) => !without.includes(name)).sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  }

  private indexes(prefix: string): readonly number[] {
    const found = new Set<number>();
    for (const name of this.entries.keys()) {
      if (!name.startsWith(`${prefix}.`)) continue;
      const index = Number.parseInt(name.slice(prefix.length + 1), 10);
      if (Number.isInteger(index)) found.add(index);
    }
    return [...found].sort((a, b) => a - b);
  }
}
