#include "report/page_style.hpp"

namespace vbq {

// Charts are drawn in units of their own, so their letters shrink with them: on a narrow screen they are set larger.
// What is wider than the page (tables) scrolls in a box of its own (.scroll).
const char* const kPageStyle = R"(
:root { color-scheme: light dark; --ink: #1c2430; --quiet: #5c6675; --line: #d7dce3; --page: #ffffff; --box: #f5f7f9;
  --c0: #1565c0; --c1: #c75b00; --c2: #2e7d32; --c3: #8e3a9d; --c4: #c62828; --c5: #00727d;
  --c6: #6d4c1f; --c7: #d81b78; }
@media screen and (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --quiet: #a3adba; --line: #39424e;
  --page: #14181d; --box: #1d232a; --c0: #64b5f6; --c1: #ffb74d; --c2: #81c784; --c3: #d79be3; --c4: #ef9a9a;
  --c5: #5fd0dc; --c6: #d7b98e; --c7: #ff8fc0; } }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); max-width: 1040px;
  margin: 2em auto; padding: 0 1em; overflow-wrap: anywhere; }
h1 { font-size: 1.5em; } h2 { font-size: 1.15em; margin-top: 2em; }
a { color: var(--c0); }
p.note { color: var(--quiet); }
.scroll { overflow-x: auto; margin: .5em 0; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
th, td { text-align: left; padding: .25em .8em .25em 0; border-bottom: 1px solid var(--line); vertical-align: middle; }
th { color: var(--quiet); font-weight: 500; } td.number, th.number { text-align: right; white-space: nowrap; }
th.number + th:not(.number), td.number + td:not(.number) { padding-left: .8em; }
td.whole { white-space: nowrap; }
td.name { overflow-wrap: anywhere; min-width: 7em; } table.pairs td { overflow-wrap: anywhere; }
table.pairs th { width: 40%; }
figure { margin: 0; min-width: 0; } figcaption { color: var(--quiet); margin-bottom: .3em; }
.charts, .cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 440px), 1fr));
  gap: 1.4em 2em;
  margin: 1em 0; }
.cards { grid-template-columns: repeat(auto-fill, minmax(min(100%, 280px), 1fr)); gap: 1em 1.6em; }
svg { width: 100%; height: auto; display: block; overflow: visible; }
svg.ticks { width: 400px; max-width: 50vw; } svg.key { display: inline-block; width: 30px; height: 12px; }
svg.interval { width: 110px; } svg.bar { width: 70px; } svg.change { width: 110px; }
svg text { font: 12px system-ui, sans-serif; fill: var(--quiet); }
.grid { stroke: var(--line); } .axis { stroke: var(--quiet); } .tick { stroke: var(--c0); stroke-width: 1.5; }
.rule { stroke: var(--quiet); stroke-dasharray: 2 3; }
polyline, .whisker { fill: none; stroke-width: 1.8; stroke-linejoin: round; } .whisker { stroke-width: 1.2; }
.line0 { stroke: var(--c0); } .line1 { stroke: var(--c1); stroke-dasharray: 7 4; }
.line2 { stroke: var(--c2); stroke-dasharray: 2 3; } .line3 { stroke: var(--c3); stroke-dasharray: 9 3 2 3; }
.line4 { stroke: var(--c4); stroke-dasharray: 12 4; } .line5 { stroke: var(--c5); stroke-dasharray: 4 2; }
.line6 { stroke: var(--c6); stroke-dasharray: 14 3 4 3; } .line7 { stroke: var(--c7); stroke-dasharray: 1 3; }
line.whisker { stroke-dasharray: none; }
.mark0, .mark1, .mark2, .mark3, .mark5, .mark7 { stroke: var(--page); stroke-width: .8; }
.mark0 { fill: var(--c0); } .mark1 { fill: var(--c1); } .mark2 { fill: var(--c2); } .mark3 { fill: var(--c3); }
.mark4 { fill: none; stroke: var(--c4); stroke-width: 2; } .mark5 { fill: var(--c5); }
.mark6 { fill: none; stroke: var(--c6); stroke-width: 2; } .mark7 { fill: var(--c7); }
.strip { fill: transparent; } .strip:hover { fill: var(--quiet); fill-opacity: .15; }
.weights { fill: var(--quiet); fill-opacity: .35; } .level { stroke: var(--c0); stroke-width: 1.6; }
.head, .dot { fill: var(--c0); } .span { stroke: var(--c0); stroke-width: 1.5; }
rect { shape-rendering: crispEdges; } .making { fill: var(--c0); } .inference { fill: url(#hatched); stroke: none; }
.waiting { fill: var(--line); } .lost { fill: var(--c1); } .gained { fill: var(--c0); }
.hatch { stroke: var(--c1); stroke-width: 4; }
.legend { color: var(--quiet); font-size: .87em; margin: .2em 0 0; }
.legend span { display: inline-block; margin-right: 1em; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(160px, 1fr)); gap: .8em; }
.tile { background: var(--box); border: 1px solid var(--line); border-radius: 8px; padding: .7em 1em; }
.tile b { display: block; font-size: 1.5em; } .tile span { color: var(--quiet); }
pre { background: var(--box); padding: 1em; border-radius: 8px; overflow-x: auto; overflow-wrap: normal; }
pre.said { white-space: pre-wrap; overflow-wrap: anywhere; }
@media screen and (max-width: 560px) { svg.chart text { font-size: 15px; }
  .scroll th, .scroll td { white-space: nowrap; } .scroll td.name { white-space: normal; min-width: 10em; } }
@media print { @page { margin: 15mm; } body { max-width: none; margin: 0; padding: 0; font-size: 11px; }
  .scroll { overflow: visible; } pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  .charts { grid-template-columns: 1fr 1fr; } .cards { grid-template-columns: 1fr 1fr 1fr; }
  figure, .tile, tr { break-inside: avoid; } h2 { break-after: avoid; } table { overflow-wrap: anywhere; } }
)";

}  // namespace vbq
