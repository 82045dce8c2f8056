// Time to turn, and what Slack itself does to the app.
import { byId, el, fold, keep, toast } from "./dom.js";
import { get, post } from "./wire.js";
import { faultPicker } from "./faults.js";
import { mrkdwn } from "./mrkdwn.js";
import { dayTime } from "./dates.js";

const DAY = 86400;
const STEPS = [["Now", "Do what is due now", { forward_seconds: 0 }], ["+15 min", "Forward 15 minutes", { forward_seconds: 900 }],
  ["+1 day", "Forward 1 day", { forward_seconds: DAY }], ["+7 days", "Forward 7 days", { forward_seconds: 7 * DAY }],
  ["+40 days", "Forward 40 days", { forward_seconds: 40 * DAY }],
  ["Clock change", "Forward through the next night in which clocks change", { to: "clock-change" }]];
const FAULTS = [["down", "Slack is down (503)"], ["ratelimited", "429: too fast"], ["cut", "Connection cut"],
  ["posted-then-cut", "Posted, but the answer is lost"], ["slow", "Slow answer"], ["internal_error", "internal_error"],
  ["channel_not_found", "channel_not_found"], ["is_archived", "is_archived"], ["not_in_channel", "not_in_channel"], ["token_revoked", "token_revoked"]];

export function startTime(refresh, desk) {
  const buttons = STEPS.map(([label, title, order]) => el("button", { type: "button", title, "aria-label": title,
    onclick: () => forward(order, refresh, buttons, desk) }, label));
  byId("time").replaceChildren(...buttons);
}

async function forward(order, refresh, buttons, desk) {
  buttons.forEach((button) => { button.disabled = true; });
  byId("happened").replaceChildren(el("li", { class: "quiet" }, "Time passes…"));
  try {
    const { happened } = await post("/desk/time", order);
    byId("happened").replaceChildren(...happened.map((line) => told(line, desk)));
  } catch (error) { byId("happened").replaceChildren(); toast(error.message); }
  buttons.forEach((button) => { button.disabled = false; });
  await refresh();
}

const SIGNS = { slack: "Slack", mail: "Letter", xero: "Xero", note: "" };

function told(line, desk) {
  const at = line.at && new Date(line.at);
  return el("li", {},
    el("span", { class: "quiet block" }, [at && dayTime(at), SIGNS[line.what], line.where,
      line.until && `last edited ${dayTime(new Date(line.until))}`].filter(Boolean).join(" · ")),
    line.what === "slack" ? mrkdwn(line.text, desk.names) : line.text);
}

export function showLevers(state, desk) {
  keep(byId("slack-levers"), [state.faults, state.refused, state.calls], () => el("section", { class: "card", "aria-labelledby": "slack-title" },
    el("h2", { id: "slack-title" }, "What Slack does next"),
    faultPicker(FAULTS, state.faults, (kind, times) => desk.act({ action: "break", kind, times }), () => desk.act({ action: "heal" })),
    state.refused.length > 0 && el("div", { role: "alert" }, el("p", { class: "error" }, "Slack refused what the app sent:"),
      el("ul", { class: "small" }, state.refused.slice(-5).map((one) => el("li", {}, `${one.where}: ${one.error}. ${one.problems.join(" ")}`)))),
    fold("slack-calls", {}, "Calls Slack got", el("ol", { class: "plain scroll mono", reversed: true },
      state.calls.toReversed().map((call) => el("li", {}, el("span", { class: call.ok ? "good" : "bad" }, call.ok ? "ok" : call.error), ` ${call.method}`))))));
}

async function troubleFor(path, body) {
  try { toast((await post(path, body)).said); } catch (error) { toast(error.message); }
}

/** Webhooks on their way from Xero to the app. Without a route for them in the app there is nothing to break. */
export async function showWebhooks(refresh) {
  const state = await get("/desk/webhooks/state");
  const go = async (body) => { await troubleFor("/desk/webhooks/act", body); await refresh(); };
  keep(byId("webhook-levers"), state, () => el("section", { class: "card", "aria-labelledby": "webhooks-title" },
    el("h2", { id: "webhooks-title" }, "Webhooks on their way"),
    state.on ? [el("p", { class: "quiet small" }, `${state.delivered} arrived, ${state.lost} lost.`),
      faultPicker(state.kinds, state.faults, (kind, times) => go({ action: "break", kind, times: times ?? 100 }), () => go({ action: "heal" }))]
      : el("p", { class: "quiet small" }, "This Solido does not listen to webhooks: it asks Xero by itself.")));
}
