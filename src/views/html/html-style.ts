import { schemes, variables } from './html-palette.ts';
import { deepest } from './html-rows.ts';
import type { Tone } from '../base/rows.ts';

const tones = Object.keys(schemes.light.tones) as readonly Tone[];

/** The whole style sheet of a page. It names no font and no picture that would have to be fetched. */
export const style = `
:root{color-scheme:light dark;${variables(schemes.light)}--sans:system-ui,-apple-system,"Segoe UI",Roboto,"Open Sans",sans-serif;--mono:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
@media (prefers-color-scheme:dark){:root{${variables(schemes.dark)}}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--t-plain);font:16px/1.5 var(--sans);overflow-wrap:anywhere}
header,main,footer{max-width:62rem;margin:0 auto;padding:0 16px}
header{padding-top:24px}
footer{padding-bottom:40px}
h1,h2,h3{line-height:1.3;margin:0;color:var(--t-title)}
h1{font-size:1.6rem;letter-spacing:-.01em}
h2{font-size:1.1rem;font-weight:600}
h3{font-size:1.05rem;margin-bottom:8px}
.kind{color:var(--t-muted);font-size:.85rem;font-weight:600;letter-spacing:.02em;margin:0 0 2px}
.row{white-space:pre-wrap;margin:0}
.pair{display:grid;grid-template-columns:9.5rem minmax(0,1fr);column-gap:16px;padding:1px 0}
.pair>dt{color:var(--t-muted);font-size:.875rem;line-height:1.7}
.pair>dd{margin:0;white-space:pre-wrap;grid-column:2}
dl{margin:0}
header dl{margin-top:12px}
.totals{display:flex;flex-wrap:wrap;gap:8px;list-style:none;padding:0;margin:16px 0 0}
.totals li{border:1px solid var(--line);background:var(--panel);border-radius:999px;padding:2px 12px;font-size:.9rem;font-weight:600}
.step,.block{background:var(--panel);border:1px solid var(--line);border-radius:10px;padding:16px 18px;margin:16px 0}
.step{border-left:5px solid var(--edge,var(--line))}
.step h2{display:flex;flex-wrap:wrap;align-items:center;gap:4px 10px;margin-bottom:10px}
.step h2 .row{display:contents}
.step h2 bdi,.step h2 span{white-space:normal}
.step h2 .word,.step h2 .tag{border-radius:6px;padding:1px 9px;font-size:.9rem;font-weight:700}
.step h2 .word{border:1.5px solid currentColor;font-family:var(--mono);font-size:.85rem}
.step h2 .identity{font-family:var(--mono);font-size:.92rem;font-weight:500;color:var(--t-plain)}
.step h2 .tag{background:var(--destroy-tint);font-size:.8rem}
.step h2 .tag.t-grant{background:var(--grant-tint)}
.step .where{color:var(--t-muted);font-size:.8rem;font-weight:500;margin-left:auto}
.pair.loud{border-radius:6px;margin:3px -8px;padding:3px 8px;background:var(--destroy-tint);font-weight:600}
.pair.loud.is-grant{background:var(--grant-tint)}
.pair.calls>dd{font-family:var(--mono);font-size:.85rem}
.code{font-family:var(--mono);font-size:.85rem;line-height:1.55}
.codes{background:var(--sunken);border-radius:6px;padding:8px 12px;margin:6px 0}
.lines{list-style:none;margin:0;padding:0}
.lines li{padding:3px 0;border-top:1px solid var(--line);font-size:.92rem}
.lines li:first-child{border-top:0}
details>summary{cursor:pointer;padding:2px 0;font-weight:600;color:var(--t-plain)}
.note{margin:16px 0 0}
.asks{font-size:1.1rem;font-weight:600}
.picture{overflow-x:auto;-webkit-overflow-scrolling:touch;margin:0 0 12px;padding:4px 2px 10px}
.picture:focus-visible{outline:2px solid var(--t-claim)}
.picture svg{display:block;font-family:var(--sans)}
.picture .box{fill:var(--sunken);stroke:var(--line)}
.picture .edge{fill:none;stroke:var(--t-muted);stroke-width:1.4;opacity:.75}
.picture .head{fill:var(--t-muted)}
.picture .word{font:700 11.5px var(--mono)}
.picture .name{font-size:13px;font-weight:600;fill:var(--t-title)}
.picture .tag{font-size:11px;font-weight:700}
.picture .say{font-size:12px;fill:var(--t-muted)}
${Array.from({ length: deepest + 1 }, (_, depth) => `.in-${depth}{padding-left:${depth + 4}ch}`).join('')}
.code{text-indent:-4ch}
header .code{padding:0;text-indent:0}
${tones.map((tone) => `.t-${tone}{color:var(--t-${tone})}.edge-${tone}{--edge:var(--t-${tone})}.picture .f-${tone}{fill:var(--t-${tone})}`).join('\n')}
.t-claim{font-style:italic}
.t-title{font-weight:600}
.t-destroy,.t-unknown,.t-removed-word,.t-added-word{font-weight:600}
.t-removed-word{text-decoration:underline}
.t-added-word{text-decoration:underline}
.large .step{content-visibility:auto;contain-intrinsic-size:auto 320px}
@media (max-width:40rem){
.pair{grid-template-columns:minmax(0,1fr);padding:4px 0}
.pair>dt{font-size:.8rem;line-height:1.4}
.pair>dd{grid-column:1}
.pair.counted>dd{grid-column:2}
.step,.block{padding:14px 14px}
.step .where{margin-left:0}
}
.pair.counted{grid-template-columns:2rem minmax(0,1fr);column-gap:8px;padding:1px 0;font-size:.95rem}
.pair.counted>dt{text-align:right;font-size:.875rem;line-height:1.7}
@media print{
:root{color-scheme:light;${variables(schemes.light)}}
body{background:#fff;font-size:10.5pt}
header,main,footer{max-width:none}
.step,.block{break-inside:avoid-page;border-color:#999}
.picture{overflow:visible}
.picture svg{max-width:100%;height:auto}
.large .step{content-visibility:visible}
}
`.trim();
