// The guided tour: what to do next, and what really happened already. It can be hidden, and ignored.
import { byId, el, keep } from "./dom.js";
import { get } from "./wire.js";

const HIDDEN = "tour-hidden";

function step(one, number, state, current, go) {
  const done = state.done.includes(one.key);
  return el("li", { class: done ? "done" : one === current ? "current" : "", "aria-current": one === current ? "step" : null },
    el("span", { class: "tickmark", "aria-hidden": "true" }, done ? "✓" : number), el("span", { class: "strong" }, one.title),
    done && el("span", { class: "unseen" }, " (done)"),
    one === current && el("p", { class: "small" }, one.do),
    one === current && (one.say || one.pane) && el("div", { class: "row" },
      one.say && el("button", { type: "button", class: "small", "data-key": "tour-say", onclick: () => go.say(one.say) }, "Type it for me"),
      one.pane && el("button", { type: "button", class: "small", "data-key": "tour-show", onclick: () => go.show(one.pane) }, "Show me where")));
}

/** `go.say(text)` puts a line into the message box, `go.show(pane)` turns to a part of the desk. */
export async function showTour(go) {
  const state = await get("/desk/tour");
  const hidden = localStorage.getItem(HIDDEN) === "yes";
  const hide = (value) => () => { localStorage.setItem(HIDDEN, value); showTour(go); };
  const left = state.steps.filter((one) => !state.done.includes(one.key));
  keep(byId("tour"), [state, hidden], () => {
    if (!state.steps.length) return [];
    if (hidden) return el("button", { type: "button", class: "small", onclick: hide("no"), "data-key": "tour" }, "Show the tour");
    return [el("div", { class: "row apart" },
      el("h2", {}, left.length ? `Tour: ${state.done.length} of ${state.steps.length} done` : "You have seen it all"),
      el("button", { type: "button", class: "small", onclick: hide("yes"), "data-key": "tour" }, "Hide the tour")),
    el("ol", { class: "plain steps" }, state.steps.map((one, index) => step(one, index + 1, state, left[0], go))),
    !left.length && el("p", { class: "small" }, "Everything else is yours to break: Trouble has more levers, and time goes on for years.")];
  });
}
