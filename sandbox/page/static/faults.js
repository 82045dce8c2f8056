// Setting something to go wrong, and seeing what is set: used for Xero and for Slack.
import { el } from "./dom.js";

const TIMES = [["1", "once"], ["3", "three times"], ["10", "ten times"], ["", "until healed"]];
const picked = new Map();

const often = (times) => (times === null || times === undefined ? "until healed" : times === 1 ? "once more" : `${times} times more`);

/** A picker of kinds, and the active faults with Heal. `kinds` are [kind, label]. */
export function faultPicker(kinds, active, set, heal) {
  const name = kinds[0][0];
  const remembered = picked.get(name) || { kind: name, times: "1" };
  const options = (list, chosen) => list.map(([value, label]) => el("option", { value, selected: value === chosen }, label));
  const remember = () => picked.set(name, { kind: kind.value, times: times.value });
  const kind = el("select", { "data-key": `${name}-kind`, "aria-label": "What goes wrong", onchange: remember }, options(kinds, remembered.kind));
  const times = el("select", { "data-key": `${name}-times`, "aria-label": "How often", onchange: remember }, options(TIMES, remembered.times));
  const labels = Object.fromEntries(kinds);
  return el("div", { class: "stack tight" },
    el("div", { class: "row" }, kind, times, el("button", { type: "button", "data-key": `${name}-break`,
      onclick: () => set(kind.value, times.value ? Number(times.value) : null) }, "Break it")),
    active.length > 0 && el("ul", { class: "plain faults" }, active.map((fault) =>
      el("li", {}, el("span", { class: "dot", "aria-hidden": "true" }), `${fault.label || labels[fault.kind] || fault.kind}, ${often(fault.times)}`,
        (fault.path || fault.method) && el("span", { class: "quiet" }, ` (${fault.path || fault.method})`)))),
    active.length > 0 && el("div", {}, el("button", { type: "button", class: "primary small", "data-key": `${name}-heal`, onclick: heal }, "Heal")));
}
