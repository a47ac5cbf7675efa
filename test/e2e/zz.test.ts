import { it } from '@jest/globals';
import { openAccount, smallFolder } from '../helpers/account.ts';
import { openTerminal } from '../helpers/terminal.ts';
it('t', async () => {
  const a = await openAccount(smallFolder);
  const cli = a.cli();
  cli.write('p.yaml', a.plan('p', `G: { type: AWS::EC2::SecurityGroup, action: delete, id: ${a.names['Unused']}, reason: x }`));
  const t = openTerminal(cli);
  try {
    await t.aiplan(['apply', 'p.yaml']);
    console.log(await t.waitFor(/confirm/));
    console.log(t.alternate());
    t.press('c'); console.log(await t.waitFor(/Type/));
    const t0 = Date.now();
    await t.type((a.names['Unused'] ?? '').slice(-6)); t.press('Enter');
    console.log(Date.now() - t0, await t.waitFor(/goes on/));
    t.press('a'); console.log(await t.waitFor(/going to happen/));
    await t.type('yes'); t.press('Enter'); console.log(await t.ended(), t.screen(), t.alternate());
  } finally { console.log(t.screen()); t.close(); await a.stop(); }
}, 60000);
