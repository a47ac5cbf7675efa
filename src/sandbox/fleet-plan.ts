/** Shares of the fleet: like an account in which most things are small. */
const SHARES = {
  'AWS::EC2::SecurityGroup': 0.2,
  'AWS::EC2::Instance': 0.4,
  'AWS::EC2::Volume': 0.2,
  'AWS::RDS::DBInstance': 0.1,
  'AWS::S3::Bucket': 0.1,
} as const;

/** How many of each type a fleet of that size has; together exactly `count`. */
export function fleetPlan(count: number): Readonly<Record<keyof typeof SHARES, number>> {
  const plan = Object.fromEntries(
    Object.entries(SHARES).map(([type, share]) => [type, Math.floor(count * share)]),
  ) as Record<keyof typeof SHARES, number>;
  plan['AWS::EC2::Instance'] += count - Object.values(plan).reduce((sum, value) => sum + value, 0);
  return plan;
}
