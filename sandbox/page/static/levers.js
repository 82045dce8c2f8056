// Time to turn, and what Slack itself does to the app.
import { byId, el, keep, toast } from "./dom.js";
import { post } from "./wire.js";
import { faultPicker } from "./faults.js";

const STEPS = [["Now", 0, "Do what is due now"], ["+15 min", 900], ["+1 day", 86400], ["+7 days", 7 * 86400], ["+40 days", 40 * 86400]];
const FAULTS = [["down", "Slack is down (503)"], ["ratelimited", "429: too fast"], ["cut", "Connection cut"],
  ["posted-then-cut", "Posted, but the answer is lost"], ["slow", "Slow answer"], ["internal_error", "internal_error"],
  ["channel_not_found", "channel_not_found"], ["is_archived", "is_archived"], ["not_in_channel", "not_in_channel"], ["token_revoked", "token_revoked"]];

export function startTime(refresh) {
  const buttons = STEPS.map(([label, seconds, title]) => el("button", { type: "button", title, "aria-label": title || `Forward ${label.slice(1)}`, onclick: () => forward(seconds, refresh, buttons) }, label));
  byId("time").replaceChildren(...buttons);
}

async function forward(seconds, refresh, buttons) {
  buttons.forEach((button) => { button.disabled = true; });
  try {
    const { happened } = await post("/desk/time", { forward_seconds: seconds });
    const told = happened.length ? happened : ["Nothing happened."];
    byId("happened").replaceChildren(...told.map((one) => el("li", {}, one)));
  } catch (error) { toast(error.message); }
  buttons.forEach((button) => { button.disabled = false; });
  await refresh();
}

export function showLevers(state, desk) {
  const box = byId("slack-levers");
  const open = box.querySelector("details")?.open;
  const drawn = keep(box, [state.faults, state.refused, state.calls], () => el("section", { class: "card", "aria-labelledby": "slack-title" },
    el("h2", { id: "slack-title" }, "What Slack does next"),
    faultPicker(FAULTS, state.faults, (kind, times) => desk.act({ action: "break", kind, times }), () => desk.act({ action: "heal" })),
    state.refused.length > 0 && el("div", { role: "alert" }, el("p", { class: "error" }, "Slack refused what the app sent:"),
      el("ul", { class: "small" }, state.refused.slice(-5).map((one) => el("li", {}, `${one.where}: ${one.error}. ${one.problems.join(" ")}`)))),
    el("details", {}, el("summary", {}, "Calls Slack got"), el("ol", { class: "plain scroll mono", reversed: true },
      state.calls.toReversed().map((call) => el("li", {}, el("span", { class: call.ok ? "good" : "bad" }, call.ok ? "ok" : call.error), ` ${call.method}`))))));
  if (drawn && open) box.querySelector("details").open = true;
}
