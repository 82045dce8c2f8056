// The message box: sends lines and slash commands, and completes the subcommands.
import { byId, el } from "./dom.js";

let about = { command: "/solido", subcommands: {} };
let chosen = -1;

const line = () => byId("line");
const list = () => byId("suggestions");

function matches(text) {
  if (!text.startsWith("/")) return [];
  const all = Object.entries(about.subcommands).map(([name, what]) => [`${about.command} ${name}`, what]);
  return all.filter(([command]) => command.startsWith(text) && command !== text);
}

function suggest() {
  const found = matches(line().value);
  chosen = -1;
  list().replaceChildren(...found.map(([command, what], index) =>
    el("li", { role: "option", id: `suggestion-${index}`, "data-command": command, "aria-selected": "false",
      onmousedown: (event) => { event.preventDefault(); take(command); } },
    el("strong", {}, command), el("span", { class: "quiet" }, what))));
  list().hidden = found.length === 0;
  line().setAttribute("aria-expanded", String(found.length > 0));
  line().removeAttribute("aria-activedescendant");
}

function take(command) {
  line().value = command;
  hide();
  line().focus();
}

function hide() {
  chosen = -1;
  list().hidden = true;
  line().setAttribute("aria-expanded", "false");
  line().removeAttribute("aria-activedescendant");
}

function move(step) {
  const items = [...list().children];
  chosen = (chosen + step + items.length) % items.length;
  items.forEach((item, index) => item.setAttribute("aria-selected", String(index === chosen)));
  line().setAttribute("aria-activedescendant", items[chosen].id);
}

function onKey(event) {
  if (list().hidden) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    move(event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Tab" && !event.shiftKey) {
    event.preventDefault();
    take(list().children[Math.max(chosen, 0)].dataset.command);
  } else if (event.key === "Enter" && chosen >= 0) {
    event.preventDefault();
    take(list().children[chosen].dataset.command);
  } else if (event.key === "Escape") hide();
}

/** Wire the box up; `send(text)` resolves when the line was delivered. */
export function startComposer(facts, send) {
  about = facts;
  line().addEventListener("input", suggest);
  line().addEventListener("keydown", onKey);
  line().addEventListener("blur", hide);
  byId("composer").addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = line().value.trim();
    if (!text) return;
    line().value = "";
    hide();
    byId("composer").setAttribute("aria-busy", "true");
    try { await send(text); } finally { byId("composer").removeAttribute("aria-busy"); }
  });
}

export function offerComposer(placeholder) {
  byId("composer").hidden = placeholder === null;
  line().placeholder = placeholder || "";
}
