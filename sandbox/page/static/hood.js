// Under the hood: who said what to whom, the calls used, and what waits in Solido's outbox.
import { byId, el, fold, keep } from "./dom.js";
import { get } from "./wire.js";
import { clockTime, dayTime } from "./dates.js";

const wholes = new Map();
let way = "";

const block = (title, lines, body) => (lines.length || body) && [el("p", { class: "quiet" }, title), el("pre", { tabindex: "0" }, [...lines, "", body].join("\n").trim())];

const inside = (whole) => [block("Asked", whole.request, whole.sent), block("Answered", whole.answer, whole.got)].flat().filter(Boolean);

/** Show all of an entry. What was under way when it was asked for is asked for again: its answer was still to come. */
async function fill(box, number) {
  try {
    if (wholes.get(number)?.under_way !== false) wholes.set(number, await get(`/desk/hood/${number}`));
    box.replaceChildren(...inside(wholes.get(number)));
  } catch (error) { box.replaceChildren(el("p", { class: "error" }, error.message)); }
}

const fate = (entry) => (entry.under_way ? el("span", { class: "quiet" }, "…", el("span", { class: "unseen" }, "under way"))
  : el("span", { class: entry.failed ? "bad" : "good" }, entry.status ?? "cut"));

function row(entry) {
  const known = wholes.get(entry.number);
  const more = el("div", { class: "inside" }, known && inside(known));
  const box = fold(`hood-${entry.number}`, { class: "item mono" }, [fate(entry), ` ${entry.way} `,
    el("span", { class: "quiet" }, clockTime(new Date(entry.at))), el("span", { class: "block" }, `${entry.method} ${entry.path}`)], more);
  box.addEventListener("toggle", () => box.open && fill(more, entry.number));
  return box;
}

function waits(row) {
  const state = row.waiting ? `waits until ${dayTime(new Date(row.next_attempt_at))}` : row.told_at ? `told ${dayTime(new Date(row.told_at))}` : "given up";
  return el("li", {}, el("span", { class: row.waiting ? "bad" : "good" }, row.waiting ? "●" : "✓"), ` ${row.card} `,
    el("span", { class: "quiet" }, [state, row.last_error && `last answer: ${row.last_error}`].filter(Boolean).join(", ")));
}

function chooser(state, again) {
  const ways = [...new Set(state.entries.map((one) => one.way))].sort();
  const select = el("select", { "data-key": "way", "aria-label": "Which requests" }, el("option", { value: "" }, "All requests"),
    ways.map((one) => el("option", { value: one, selected: one === way }, one)));
  select.addEventListener("change", () => { way = select.value; again(); });
  return select;
}

/** Ask only while somebody looks. */
export async function showHood(refresh) {
  if (document.body.dataset.pane !== "hood") return;
  const state = await get("/desk/hood");
  const entries = state.entries.filter((one) => !way || one.way === way);
  keep(byId("hood"), [state, way], () => [
    el("section", { class: "card", "aria-labelledby": "calls-title" }, el("h2", { id: "calls-title" }, "Calls to Xero today"),
      state.calls.length ? el("ul", { class: "plain small" }, state.calls.map((one) => el("li", {}, `${one.organisation}: ${one.used} of ${one.allowed}`)))
        : el("p", { class: "quiet small" }, "No organisation is connected.")),
    el("section", { class: "card", "aria-labelledby": "outbox-title" }, el("h2", { id: "outbox-title" }, "Solido's outbox"),
      state.outbox.length ? el("ul", { class: "plain mono" }, state.outbox.map(waits)) : el("p", { class: "quiet small" }, "Empty.")),
    el("section", { class: "card", "aria-labelledby": "log-title" }, el("h2", { id: "log-title" }, "Requests"),
      el("p", { class: "quiet small" }, "Newest first; secrets are blotted out."), chooser(state, refresh), el("div", {}, entries.map(row))),
  ]);
}
