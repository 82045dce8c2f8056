// The conversation: messages, Home, and what can be pressed in them.
import { add, byId, el, forget, held, keep } from "./dom.js";
import { blocks } from "./blocks.js";
import { mrkdwn } from "./mrkdwn.js";
import { clockTime, dayTime, fullDay } from "./dates.js";

const rows = new Map();

function author(message, desk) {
  if (message.by === desk.bot) return { name: "Solido", kind: "bot", badge: "APP", mark: "S" };
  if (message.by === "USLACKBOT") return { name: "Slackbot", kind: "slackbot", mark: "!" };
  const name = desk.names.users[message.by] || message.by;
  return { name, kind: "person", mark: name.slice(0, 1) };
}

function draw(message, desk) {
  const who = author(message, desk);
  const at = new Date(message.at);
  const ctx = { ...desk.ctx(message.ts), state: message.state };
  const content = message.blocks.length ? blocks(message.blocks, ctx) : el("div", { class: "text" }, mrkdwn(message.text, desk.names));
  return el("article", { class: `message ${who.kind} ${message.ephemeral ? "ephemeral" : ""}`, "aria-label": `${who.name}, ${clockTime(at)}` },
    el("span", { class: `avatar ${who.kind}`, "aria-hidden": "true" }, who.mark),
    el("div", { class: "body" },
      message.ephemeral && el("p", { class: "only small" }, el("span", { "aria-hidden": "true" }, "◉ "), "Only visible to you"),
      el("p", { class: "byline" }, el("strong", {}, who.name), who.badge && el("span", { class: "badge" }, who.badge),
        el("time", { class: "quiet small", datetime: message.at, title: dayTime(at) }, clockTime(at)),
        message.thread_ts && el("span", { class: "quiet small" }, "in a thread")),
      content,
      message.edited && el("span", { class: "quiet small" }, " (edited)"),
      message.warning && el("p", { class: "error small" }, el("span", { "aria-hidden": "true" }, "⚠ "), message.warning)));
}

/** Bring the list up to date; only what changed is drawn again, and news is said aloud once. */
export function showMessages(state, desk, place) {
  const list = byId("messages");
  const moved = list.dataset.place !== place;
  const stuck = moved || list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  if (moved) { rows.clear(); list.dataset.place = place; forget(list); }
  const fresh = [];
  const wanted = [];
  let day = "";
  for (const message of state.messages) {
    const today = fullDay(new Date(message.at));
    if (today !== day) wanted.push(divider(day = today));
    const mark = JSON.stringify(message);
    const row = rows.get(message.ts);
    if (!row || (row.mark !== mark && !held(row.node))) {
      rows.set(message.ts, { mark, node: draw(message, desk) });
      fresh.push(message);
    }
    wanted.push(rows.get(message.ts).node);
  }
  if (!wanted.length) wanted.push(empty());
  replace(list, wanted);
  if (stuck && (fresh.length || moved)) list.scrollTop = list.scrollHeight;
  if (!moved) fresh.forEach((message) => announce(message, desk));
}

function divider(day) {
  if (!rows.has(day)) rows.set(day, { node: el("p", { class: "day" }, el("span", {}, day)) });
  return rows.get(day).node;
}

function empty() {
  if (!rows.has("empty")) rows.set("empty", { node: el("p", { class: "empty quiet" }, "Nothing has been said here yet. Type ", el("code", {}, "/solido help"), " below.") });
  return rows.get("empty").node;
}

// Nodes that are already in place stay untouched, so an open menu or a focused button survives a live update.
function replace(list, wanted) {
  wanted.forEach((node, index) => {
    if (list.childNodes[index] !== node) list.insertBefore(node, list.childNodes[index] || null);
  });
  while (list.childNodes.length > wanted.length) list.lastChild.remove();
}

function announce(message, desk) {
  const said = message.text ? mrkdwn(message.text, desk.names) : [...(rows.get(message.ts)?.node.querySelectorAll(".text, h4") || [])].map((one) => one.textContent).join(" ");
  const news = byId("news");
  news.append(el("p", {}, `${author(message, desk).name}: `, said));
  while (news.childNodes.length > 20) news.firstChild.remove();
}

export function showHome(state, desk) {
  const list = byId("messages");
  list.dataset.place = "home";
  rows.clear();
  keep(list, [state.home, "home"], () => {
    if (!state.home) return el("p", { class: "empty quiet" }, "The app has not published a Home for you.");
    const ctx = { ...desk.ctx(state.home.id), state: state.home.state };
    return add(el("div", { class: "home" }), [blocks(state.home.blocks, ctx)]);
  });
}
