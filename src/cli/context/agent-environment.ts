/**
 * Variables that known agent hosts set for the programs they start. A hint, not a proof: their presence refuses typed
 * confirmation (T0), their absence proves nothing (reference: the hosts' own documentation of their environment).
 */
const signs: readonly (readonly [string, string])[] = [
  ['CLAUDECODE', 'Claude Code'],
  ['CLAUDE_CODE_CHILD_SESSION', 'Claude Code'],
  ['CLAUDE_CODE_SESSION_ID', 'Claude Code'],
  ['CURSOR_AGENT', 'Cursor'],
  ['COPILOT_AGENT_PROMPT', 'GitHub Copilot'],
  ['GITHUB_COPILOT_API_TOKEN', 'GitHub Copilot'],
  ['CODEX_SANDBOX', 'Codex'],
  ['GEMINI_CLI', 'Gemini CLI'],
  ['AGENT', 'an agent'],
  ['AI_AGENT', 'an agent'],
];

/** The agent host that seems to have started this process, or null. */
export function agentHost(environment: Readonly<Record<string, string | undefined>>): string | null {
  for (const [name, host] of signs) {
    const value = environment[name];
    if (value !== undefined && value !== '' && value !== '0' && value !== 'false') return host;
  }
  return null;
}
