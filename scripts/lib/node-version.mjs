import { Stop } from './report.mjs';

/** Throws Stop where this Node is older than what package.json asks for. */
export function requireNode(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number);
  const fits = major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19);
  if (!fits)
    throw new Stop(
      `aiplan needs Node 20.19, 22.12 or newer; this is Node ${version}. Install a newer one from https://nodejs.org.`,
    );
}
