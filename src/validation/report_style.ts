/** Style of the HTML report, on a screen and on paper. */
export const STYLE = `
:root{color-scheme:light dark;--line:#8885;--faint:#8883}
*{box-sizing:border-box}
body{font:15px/1.5 system-ui,"Noto Sans","DejaVu Sans",sans-serif;max-width:72rem;margin:0 auto;padding:2rem 1.25rem}
h1{font-size:2rem;line-height:1.2;margin:0 0 .25rem}
h2{font-size:1.35rem;margin:2.5rem 0 .75rem;padding-bottom:.25rem;border-bottom:2px solid var(--line)}
h3{font-size:1.05rem;margin:1.5rem 0 .5rem}
p{margin:.5rem 0}
dl.cover{display:grid;grid-template-columns:max-content 1fr;gap:.35rem 1.5rem;margin:1.5rem 0}
dt{font-weight:600}
dd{margin:0;overflow-wrap:anywhere}
code,pre{font:13px/1.5 ui-monospace,"DejaVu Sans Mono",monospace}
pre.copy{user-select:all;white-space:pre-wrap;border:1px solid var(--line);border-radius:6px;padding:1rem;margin:.5rem 0}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:.5rem 0}
th,td{padding:.25rem 1.25rem .25rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--faint)}
th{font-weight:500}
thead th{font-weight:600;border-bottom:1px solid var(--line)}
td.n,th.n{text-align:right}
td.n{white-space:nowrap}
.scroll{overflow-x:auto}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,30rem),1fr));gap:1.25rem;margin:1rem 0}
figure{margin:0;border:1px solid var(--line);border-radius:6px;padding:.75rem}
figcaption{font-size:.9rem;margin-top:.25rem}
svg{display:block;width:100%;height:auto;font:13px system-ui,"Noto Sans","DejaVu Sans",sans-serif}
svg text{fill:currentColor}
svg polyline{fill:none}
.grid{stroke:#8883}.reference{stroke:#888;stroke-width:2}
.curve,.bias{stroke:#0a7d5a;stroke-width:1.75}
.limit{stroke:#c26a00;stroke-width:1.25;stroke-dasharray:5 3}
.value{fill:#0b6fc2;fill-opacity:.6}.withheld{fill:#c33;fill-opacity:.75}
.missed{color:#c22}.hint,.note{opacity:.75;font-size:.9rem}
details{margin:1rem 0}
@media screen{tbody th{white-space:nowrap}}
@media screen and (prefers-color-scheme:dark){
.curve,.bias{stroke:#45cf9f}.limit{stroke:#f0a24a}.value{fill:#5fb3f7}.withheld{fill:#ff7a7a}.missed{color:#ff8080}
}
@media print{
:root{color-scheme:light}
@page{size:A4;margin:16mm 15mm 18mm}
body{font-size:10pt;max-width:none;padding:0}
.cover-page{break-after:page}
h2,h3{break-after:avoid}
figure,tr,pre.copy,dl.cover{break-inside:avoid}
.charts{grid-template-columns:1fr 1fr;gap:4mm}
.vital>p{break-after:avoid}
table{font-size:8.5pt}
.hint,details{display:none}
.scroll{overflow:visible}
th,td{padding:.1rem .6rem .1rem 0}
}
`.replaceAll("\n", "");
