import { defineLane } from './lane.ts';

await defineLane(2);
