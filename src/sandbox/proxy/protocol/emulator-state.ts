import type { KeyStates } from './key-states.ts';
import type { Element } from './xml.ts';

/** How long a state in between is shown: until it was read so often, or for so long, whichever comes first. */
export interface Pace {
  readonly reads: number;
  readonly milliseconds: number;
}

interface Transition {
  readonly pace: Pace;
  states: readonly string[];
  reads: number;
  until: number;
}

/** States in between, by resource identity: what moto never shows and AWS always does. */
export class Transitions {
  private readonly running = new Map<string, Transition>();
  private pace: Pace;
  private readonly now: () => number;

  constructor(pace: Pace, now: () => number) {
    this.pace = pace;
    this.now = now;
  }

  /** Shows these states one after the other, from now. */
  begin(identity: string, ...states: readonly string[]): void {
    if (this.pace.reads <= 0 || states.length === 0) this.running.delete(identity);
    else this.running.set(identity, { pace: this.pace, states, reads: 0, until: this.now() + this.pace.milliseconds });
  }

  /** States that begin from now on last so long; answers how long they did. */
  setPace(pace: Pace): Pace {
    const former = this.pace;
    this.pace = pace;
    return former;
  }

  /** The state in between, without counting as a reading. */
  peek(identity: string): string | undefined {
    this.advance(identity);
    return this.running.get(identity)?.states[0];
  }

  /** The state in between as a reader sees it, and how far it has got in percent. */
  read(identity: string): { readonly state: string; readonly percent: number } | undefined {
    this.advance(identity);
    const transition = this.running.get(identity);
    const state = transition?.states[0];
    if (transition === undefined || state === undefined) return undefined;
    transition.reads += 1;
    return { state, percent: Math.min(99, Math.round((100 * transition.reads) / (transition.pace.reads + 1))) };
  }

  end(identity: string): void {
    this.running.delete(identity);
  }

  rename(from: string, to: string): void {
    const transition = this.running.get(from);
    if (transition === undefined) return;
    this.running.delete(from);
    this.running.set(to, transition);
  }

  private advance(identity: string): void {
    const transition = this.running.get(identity);
    if (transition === undefined) return;
    if (transition.reads < transition.pace.reads && this.now() < transition.until) return;
    const states = transition.states.slice(1);
    if (states.length === 0) this.running.delete(identity);
    else
      this.running.set(identity, {
        pace: transition.pace,
        states,
        reads: 0,
        until: this.now() + transition.pace.milliseconds,
      });
  }
}

export interface ImageDevice {
  readonly deviceName: string;
  readonly snapshotId: string;
  readonly size: string;
  readonly volumeType: string;
  readonly iops: string;
  readonly throughput: string;
  readonly encrypted: boolean;
  readonly deleteOnTermination: boolean;
}

interface Image {
  readonly rootDeviceName: string;
  readonly devices: readonly ImageDevice[];
}

/** The members of a database instance that moto forgets, or gives to every instance alike. */
export interface DatabaseMemory {
  resourceId: string;
  /** Answer fields that moto does not keep, by element name. */
  fields: Record<string, string>;
  /** Deferred changes: request parameters that wait for the maintenance window. */
  pending: Record<string, string>;
  /** Roles that the database acts as, by feature. */
  roles: Record<string, string>;
}

/** An automated snapshot: kept in moto under a name of ours, shown under AWS's. */
interface AutomatedSnapshot {
  readonly shown: string;
  readonly inside: string;
  readonly instance: string;
  readonly resourceId: string;
}

interface SnapshotMemory {
  readonly resourceId: string;
  readonly fields: Record<string, string>;
  readonly source: Element;
}

/** The members of a log group that the emulator forgets. */
interface LogGroupMemory {
  readonly class: string;
  readonly key: string;
  readonly isProtected: boolean;
}

/** The proxy's memory of EC2, RDS and CloudWatch Logs for one account in one region. */
export interface EmulatorState {
  readonly account: string;
  readonly region: string;
  readonly tokens: Map<string, { readonly fingerprint: string; readonly answer: Promise<string> }>;
  /** DeleteOnTermination by volume. */
  readonly deleteOnTermination: Map<string, boolean>;
  readonly rootDevices: Map<string, string>;
  readonly images: Map<string, Image>;
  /** Size, encryption and key of a snapshot, frozen at its creation. */
  readonly snapshots: Map<string, { readonly size: string; readonly encrypted: boolean; readonly kmsKeyId: string }>;
  readonly throughput: Map<string, string>;
  /** Instance settings for which moto has no place, by `instance/setting`. */
  readonly settings: Map<string, string>;
  readonly databases: Map<string, DatabaseMemory>;
  readonly deletedDatabases: Map<string, Element>;
  readonly automated: Map<string, AutomatedSnapshot>;
  readonly retained: Map<string, Element>;
  readonly databaseSnapshots: Map<string, SnapshotMemory>;
  readonly transitions: Transitions;
  /** Of log groups by name: what the emulator has no place for. */
  readonly logGroups: Map<string, LogGroupMemory>;
  /** Keys that cannot be used, for all services alike. */
  readonly keys: KeyStates;
}

export const newWorld = (
  account: string,
  region: string,
  pace: Pace,
  now: () => number,
  keys: KeyStates = new Map(),
): EmulatorState => ({
  account,
  region,
  tokens: new Map(),
  deleteOnTermination: new Map(),
  rootDevices: new Map(),
  images: new Map(),
  snapshots: new Map(),
  throughput: new Map(),
  settings: new Map(),
  databases: new Map(),
  deletedDatabases: new Map(),
  automated: new Map(),
  retained: new Map(),
  databaseSnapshots: new Map(),
  transitions: new Transitions(pace, now),
  logGroups: new Map(),
  keys,
});

/** The proxy's memory of a bucket. */
export interface BucketMemory {
  /** Bucket policy: kept here, because moto applies one without looking at its conditions. */
  policy: string | null;
  /** Documents that moto does not keep whole, by sub-resource. */
  readonly documents: Map<string, string>;
  /** Configurations with an id, by `sub-resource/id`. */
  readonly configurations: Map<string, string>;
  suspended: boolean;
  /** The version that is `null` since versioning was suspended, by key. */
  readonly nullVersions: Map<string, string>;
  /** Empty until it is known. */
  region: string;
  /** Whether it was found in the emulator; a bucket that is deleted is forgotten whole. */
  exists: boolean;
}

export const newBucket = (region = ''): BucketMemory => ({
  policy: null,
  documents: new Map(),
  configurations: new Map(),
  suspended: false,
  nullVersions: new Map(),
  region,
  exists: false,
});
