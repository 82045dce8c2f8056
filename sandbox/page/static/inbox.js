// The inbox: every letter as its reader gets it, and what can go wrong with the next one.
import { byId, el, fold, keep, toast } from "./dom.js";
import { get, post } from "./wire.js";
import { faultPicker } from "./faults.js";
import { dayTime } from "./dates.js";

// The HTML of a letter stands in a frame in which nothing may run, load or be pressed.
function frame(letter) {
  return el("iframe", { class: "letter", sandbox: "", src: `/desk/mail/letters/${letter.number}`, title: `Letter: ${letter.subject}`, loading: "lazy" });
}

function headers(letter) {
  return fold(`headers-${letter.number}`, {}, `Headers (${letter.headers.length})`,
    el("dl", { class: "headers mono" }, letter.headers.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)))));
}

function draw(letter) {
  return fold(`letter-${letter.number}`, { class: "item", "data-letter": letter.number },
    [el("span", { class: "strong" }, letter.subject || "(no subject)"),
      el("span", { class: "block quiet small" }, `to ${letter.to.join(", ")} · ${dayTime(new Date(letter.at))}`)],
    el("p", { class: "small" }, el("span", { class: "quiet" }, "From "), letter.from), headers(letter),
    letter.has_html && el("h3", { class: "plainhead" }, "As HTML"), letter.has_html && frame(letter),
    letter.text !== null && el("h3", { class: "plainhead" }, "As text"), letter.text !== null && el("pre", { class: "small", tabindex: "0" }, letter.text));
}

/** Show the letters, newest first. */
export async function showInbox(refresh) {
  const state = await get("/desk/mail/state");
  const act = async (body) => {
    try { toast((await post("/desk/mail/act", body)).said); } catch (error) { toast(error.message); }
    await refresh();
  };
  byId("inbox-count").textContent = state.count ? ` ${state.count}` : "";
  keep(byId("inbox"), [state.count, state.letters.length], () => el("section", { class: "card", "aria-labelledby": "inbox-title" },
    el("h2", { id: "inbox-title" }, "Inbox"),
    state.letters.length ? state.letters.map(draw) : el("p", { class: "quiet small" }, "No letter has been sent. They would all arrive here, and nowhere else.")));
  keep(byId("mail-levers"), state.faults, () => el("section", { class: "card", "aria-labelledby": "mail-title" },
    el("h2", { id: "mail-title" }, "What happens to letters"),
    faultPicker(state.kinds, state.faults, (kind, times) => act({ action: "break", kind, times }), () => act({ action: "heal" }))));
}
