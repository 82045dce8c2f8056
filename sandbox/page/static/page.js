// The page: who is looking, at what; asks for the state when something changed, and shows it.
import { byId, el, keep, toast, whenLetGo } from "./dom.js";
import { get, post } from "./wire.js";
import { showHome, showMessages } from "./chat.js";
import { showModal } from "./modal.js";
import { offerComposer, startComposer } from "./composer.js";
import { showInbox } from "./inbox.js";
import { showHood } from "./hood.js";
import { showTour } from "./tour.js";
import { showLevers, showWebhooks, startTime } from "./levers.js";
import { showXero } from "./xero.js";
import { dayTime } from "./dates.js";

const XERO_EVERY = 5000;
const here = { as: "admin", channel: "finance" };
const read = { seen: {} };
let busy = null;
let again = false;

const desk = {
  bot: "",
  names: { users: {}, channels: {}, now: new Date() },
  people: [],
  channels: [],
  /** Do something on the Slack side; an answer that says what went wrong is shown. */
  async act(order) {
    let reply = null;
    try {
      reply = await post("/desk/slack/act", { as: here.as, ...order });
      if (reply.said && !["say", "submit"].includes(order.action)) toast(reply.said);
    } catch (error) { toast(error.message); }
    await refresh();
    return reply;
  },
  ctx: (target) => ({
    names: desk.names, people: desk.people, channels: desk.channels,
    press: (blockId, element, value) => desk.act({ action: "press", target, element: `${blockId}/${element.action_id}`, value }),
  }),
};

function learn(state) {
  desk.bot = state.bot;
  desk.people = state.people;
  desk.channels = state.channels.filter((one) => !one.is_im);
  const users = Object.fromEntries(state.people.map((one) => [one.id, one.name]));
  desk.names = { users: { ...users, [state.bot]: "Solido" }, channels: state.names, now: new Date(state.now) };
}

function go(channel) {
  here.channel = channel;
  localStorage.setItem("as", here.as);
  location.hash = `${here.as}/${channel}`;
  document.body.dataset.tab = "chat";
  markTabs();
  if (channel === "home") desk.act({ action: "home" });
  else refresh();
}

function item(key, sign, label, note, unread) {
  const current = here.channel === key;
  return el("li", {}, el("button", { type: "button", "data-key": key, class: "channel", "aria-current": current ? "page" : null, onclick: () => go(key) },
    el("span", { class: "sign", "aria-hidden": "true" }, sign), el("span", { class: "grow" }, label),
    note && el("span", { class: "quiet small" }, note),
    unread > 0 && el("span", { class: "unread" }, unread, el("span", { class: "unseen" }, " new"))));
}

function showSide(state) {
  byId("team").textContent = state.team;
  const me = state.people.find((one) => one.role === here.as);
  keep(byId("who"), [state.people, here.as], () => state.people.map((one) => el("option", { value: one.role, selected: one.role === here.as }, one.name)));
  byId("about-you").textContent = me.about;
  for (const one of state.channels) {
    if (one.key === here.channel || read.seen[one.key] === undefined) read.seen[one.key] = one.count;
  }
  const fresh = (one) => one.count - read.seen[one.key];
  keep(byId("channels"), [state.channels, here], () => state.channels.filter((one) => !one.is_im).map((one) =>
    item(one.key, "#", one.name, one.is_shared ? "shared" : "", fresh(one))));
  keep(byId("apps"), [state.channels, here], () => [item("home", "⌂", "Solido, Home"),
    ...state.channels.filter((one) => one.is_im).map((one) => item(one.key, "✉", "Solido, messages", "", fresh(one)))]);
}

function showWhere(state) {
  const channel = state.channels.find((one) => one.key === here.channel);
  const home = here.channel === "home";
  byId("where").textContent = home ? "Solido, Home" : channel.is_im ? "Solido" : `# ${channel.name}`;
  byId("where-note").textContent = home ? "What the app shows you and nobody else" : channel.is_im ? "Messages from the app to you"
    : channel.is_shared ? "Shared with another company through Slack Connect" : "";
  offerComposer(home ? null : `Message ${channel.is_im ? "Solido" : `#${channel.name}`}, or / for commands`);
}

async function once() {
  let state;
  const place = { ...here };
  try { state = await get(`/desk/slack/state?as=${place.as}&channel=${encodeURIComponent(place.channel)}`); } catch (error) {
    if (place.channel !== "finance" && /is not in|no channel/.test(error.message)) { here.channel = "finance"; again = true; return; }
    toast(error.message);
    return;
  }
  if (place.as !== here.as || place.channel !== here.channel) { again = true; return; }
  learn(state);
  byId("now").textContent = dayTime(desk.names.now);
  showSide(state);
  showWhere(state);
  if (place.channel === "home") showHome(state, desk);
  else showMessages(state, desk, `${place.as}/${place.channel}`);
  showModal(state.modal, desk);
  showLevers(state, desk);
  await showXero(refresh);
  try { await Promise.all([showInbox(refresh), showWebhooks(refresh), showHood(refresh), showTour(guide)]); } catch (error) { toast(error.message); }
}

/** Refresh what is shown; calls that come while one runs are answered by one more run. */
async function refresh() {
  again = true;
  busy ??= (async () => {
    while (again) {
      again = false;
      await once();
    }
  })().finally(() => { busy = null; });
  await busy;
}

function markTabs() {
  for (const button of document.querySelectorAll(".tabs button")) {
    button.setAttribute("aria-pressed", String(button.dataset.tab === document.body.dataset.tab));
  }
}

const guide = {
  say(text) {
    document.body.dataset.tab = "chat";
    markTabs();
    byId("line").value = text;
    byId("line").focus();
  },
  show(pane) {
    document.body.dataset.tab = "desk";
    markTabs();
    document.querySelector(`.panes [data-pane=${pane}]`).click();
    document.querySelector(`.panes [data-pane=${pane}]`).focus();
  },
};

// The desk's panes, and which of them is looked at.
function startPanes() {
  const buttons = [...document.querySelectorAll(".panes button")];
  const choose = (pane) => {
    document.body.dataset.pane = pane;
    buttons.forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.pane === pane)));
  };
  buttons.forEach((button) => button.addEventListener("click", () => { choose(button.dataset.pane); refresh(); }));
  choose(document.body.dataset.pane);
}

function startTabs() {
  document.querySelector(".tabs").addEventListener("click", (event) => {
    const tab = event.target.closest("button")?.dataset.tab;
    if (tab) { document.body.dataset.tab = tab; markTabs(); }
  });
  markTabs();
}

function listen() {
  const events = new EventSource("/desk/events");
  events.addEventListener("changed", () => refresh());
  whenLetGo(refresh);
  setInterval(() => { if (!document.hidden) refresh(); }, XERO_EVERY);
}

async function start() {
  const named = new URLSearchParams(location.search).get("channel");
  if (named) history.replaceState(null, "", `/#${localStorage.getItem("as") || here.as}/${named}`);
  const [as, channel] = location.hash.slice(1).split("/");
  if (/^[a-z]+$/.test(as || "") && channel) Object.assign(here, { as, channel });
  byId("who").addEventListener("change", (event) => { here.as = event.target.value; read.seen = {}; go(here.channel.startsWith("dm-") ? `dm-${here.as}` : here.channel); });
  startTabs();
  startPanes();
  startTime(refresh, desk);
  const about = await get("/desk/about");
  byId("links").replaceChildren(...Object.entries(about.links).map(([label, url]) =>
    el("a", { href: /^https?:/.test(url) ? url : null, target: "_blank", rel: "noopener" }, label)));
  startComposer(about, (text) => desk.act({ action: "say", channel: here.channel, text }));
  await refresh();
  listen();
}

start().catch((error) => toast(error.message));
