/** One stylesheet, served by itself: the pages' CSP allows no inline style. */
export const STYLE = `
:root { color-scheme: light dark; --ink: light-dark(#1b1f24, #e8eaed); --soft: light-dark(#5b6470, #a3abb5);
  --paper: light-dark(#f5f6f8, #14171b); --card: light-dark(#fff, #1e2227); --line: light-dark(#d9dde3, #353b43);
  --name: light-dark(#eef1f5, #2a3038); --go: light-dark(#1f5fd0, #5b93f5); --on-go: light-dark(#fff, #0d1117); --warn: light-dark(#fff4d6, #3a2f10); --warn-edge: light-dark(#c27c00, #e0a526) }
* { box-sizing: border-box }
body { margin: 0; padding: 8vh 1rem 2rem; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
main { max-width: 30rem; margin: 0 auto; padding: 1.75rem; background: var(--card); border: 1px solid var(--line); border-radius: .75rem }
h1 { margin: 0 0 1rem; font-size: 1.3rem; line-height: 1.3; overflow-wrap: anywhere }
h2 { margin: 0; font-size: 1.05rem; overflow-wrap: anywhere }
section { margin: 1rem 0; padding: 1rem; border: 1px solid var(--line); border-radius: .5rem }
section button { width: 100% }
a { color: var(--go) }
p { margin: .75rem 0 }
dl { margin: 1rem 0; display: grid; grid-template-columns: auto 1fr; gap: .35rem 1rem }
dt { color: var(--soft) }
dd { margin: 0; overflow-wrap: anywhere }
fieldset { margin: 1rem 0; padding: .5rem 1rem 1rem; border: 1px solid var(--line); border-radius: .5rem }
label { display: block; margin: .6rem 0 0 }
small { display: block; color: var(--soft); padding-left: 1.6rem; overflow-wrap: anywhere }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere }
input[type=password] { width: 100%; padding: .5rem; font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--line); border-radius: .4rem }
.warning p { margin: .4rem 0 }
.warning { padding: .6rem .8rem; background: var(--warn); border-left: 4px solid var(--warn-edge); border-radius: .5rem }
.name { display: inline-block; max-width: 100%; padding: 0 .45em; overflow: hidden; vertical-align: bottom; overflow-wrap: anywhere;
  font-family: ui-monospace, monospace; color: var(--ink); background: var(--name); border: 1px dashed var(--soft); border-radius: .3rem }
.host { overflow-wrap: anywhere }
.host strong { display: inline-block; max-width: 100%; vertical-align: bottom }
@media (max-width: 30rem) { body { padding-top: 1rem } main { padding: 1.25rem } dl { grid-template-columns: 1fr; gap: 0 } dd { margin-bottom: .6rem } }
.soft { color: var(--soft) }
.buttons { display: flex; gap: .75rem; margin-top: 1.5rem }
button { flex: 1; padding: .65rem 1rem; font: inherit; font-weight: 600; border: 1px solid var(--line); border-radius: .5rem; background: transparent; color: inherit; cursor: pointer }
button.go { background: var(--go); border-color: var(--go); color: var(--on-go) }
button:focus-visible, input:focus-visible, a:focus-visible { outline: 3px solid var(--go); outline-offset: 2px }
`
