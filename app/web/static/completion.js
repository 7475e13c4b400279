// Completion of field names in conditions: a list below the text, by keyboard (arrows, Enter or Tab, Escape) or mouse.
"use strict";
let lists = 0;
for (const area of document.querySelectorAll("textarea[data-completion]")) {
  const words = JSON.parse(area.dataset.completion);
  const list = document.createElement("ul");
  list.id = `completion-${++lists}`;
  list.className = "suggest";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Fields");
  list.hidden = true;
  const said = document.createElement("span");
  said.className = "sr";
  said.setAttribute("role", "status");
  area.after(list, said);
  area.setAttribute("aria-autocomplete", "list");
  area.setAttribute("aria-controls", list.id);
  let shown = [];
  let at = -1;
  let start = 0;

  const close = () => {
    list.hidden = true;
    shown = [];
    at = -1;
    said.textContent = "";
    area.removeAttribute("aria-activedescendant");
  };
  const choose = (index) => {
    at = index;
    [...list.children].forEach((entry, place) => entry.setAttribute("aria-selected", String(place === at)));
    const entry = list.children[at];
    if (!entry) return;
    area.setAttribute("aria-activedescendant", entry.id);
    entry.scrollIntoView({ block: "nearest" });
  };
  const take = (index) => {
    const word = shown[index].word;
    area.setRangeText(word, start, area.selectionStart, "end");
    close();
    area.focus();
    area.dispatchEvent(new Event("input", { bubbles: true }));
    close();
  };
  const open = () => {
    const before = area.value.slice(0, area.selectionStart);
    const typed = (before.match(/[A-Za-z_][\w.]*$/) || [""])[0];
    const quotes = (before.match(/"/g) || []).length % 2 || (before.match(/'/g) || []).length % 2;
    if (!typed || quotes) return close();
    start = area.selectionStart - typed.length;
    const part = typed.includes(".") ? typed : `.${typed}`;
    shown = words.filter(({ word }) => word !== typed && (word.startsWith(typed) || word.includes(part))).slice(0, 8);
    if (!shown.length) return close();
    list.replaceChildren(...shown.map(({ word, means }, index) => {
      const entry = document.createElement("li");
      entry.id = `${list.id}-${index}`;
      entry.setAttribute("role", "option");
      const code = document.createElement("code");
      code.textContent = word;
      const about = document.createElement("span");
      about.textContent = means;
      entry.append(code, about);
      entry.addEventListener("mousedown", (event) => { event.preventDefault(); take(index); });
      return entry;
    }));
    list.hidden = false;
    said.textContent = `${shown.length} ${shown.length === 1 ? "field fits" : "fields fit"}`;
    choose(0);
  };
  area.addEventListener("input", open);
  area.addEventListener("blur", close);
  area.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    if (event.key === "ArrowDown") choose((at + 1) % shown.length);
    else if (event.key === "ArrowUp") choose((at + shown.length - 1) % shown.length);
    else if (event.key === "Enter" || event.key === "Tab") take(at);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  });
}
