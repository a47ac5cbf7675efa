/** What of a watched run lies between two of its phases: requests by operation, and to whom the time belongs. */
export function breakdown({ requests, disk, phases }, phase) {
  const from = phases.find((item) => item.phase === phase);
  const to = phases[phases.indexOf(from) + 1];
  const within = (items) =>
    items
      .filter(({ begin, end }) => end > from.at && begin < to.at)
      .map((item) => ({ ...item, begin: Math.max(item.begin, from.at), end: Math.min(item.end, to.at) }));
  const [sent, written] = [within(requests), within(disk)];
  const counts = {};
  for (const { operation } of sent) counts[operation] = (counts[operation] ?? 0) + 1;
  const share = (groups) => {
    // Each moment belongs to the first group that has something under way.
    const edges = [...new Set([from.at, to.at, ...groups.flat().flatMap(({ begin, end }) => [begin, end])])].sort(
      (a, b) => a - b,
    );
    const sums = [...groups.map(() => 0), 0];
    for (const [index, edge] of edges.entries()) {
      const next = edges[index + 1];
      if (next === undefined) break;
      const owner = groups.findIndex((group) => group.some(({ begin, end }) => begin <= edge && end >= next));
      sums[owner < 0 ? groups.length : owner] += next - edge;
    }
    return sums;
  };
  const [changing, reading, storing, rest] = share([
    sent.filter(isChange),
    sent.filter((request) => !isChange(request)),
    written,
  ]);
  return {
    counts,
    requests: sent.length,
    syncs: written.filter(({ synced }) => synced).length,
    whole: to.at - from.at,
    changing,
    reading,
    storing,
    rest,
    processor: to.processor - from.processor,
  };
}

const isChange = ({ operation }) => /:(?:Create|Delete|Modify|Add|Remove|Put|PUT|POST|DELETE)/u.test(operation);
