// The live preview: asks anew while a rule is typed, shows the answer as it grows. Without this file there is a button.
"use strict";
(() => {
  const PART = { "X-Part": "preview" };
  const TYPED = 600, SOONEST = 1000, LATEST = 5000;
  const form = document.querySelector("form[data-preview]");
  let panel = document.getElementById("preview");
  if (!panel) return;
  const said = document.createElement("p");
  said.className = "sr";
  said.setAttribute("aria-live", "polite");
  document.body.append(said);
  let asking = null, timer = 0, typing = 0, pause = SOONEST;

  // what people have opened or hold in focus stays so
  function put(text) {
    const fresh = new DOMParser().parseFromString(text, "text/html").getElementById("preview");
    if (!fresh) return;
    for (const fold of fresh.querySelectorAll("details[data-key]")) {
      const old = panel.querySelector(`details[data-key="${fold.dataset.key}"]`);
      if (old) fold.open = old.open;
    }
    const held = panel.contains(document.activeElement) ? path(document.activeElement) : null;
    const scrolled = panel.querySelector(".tall")?.scrollTop ?? 0;
    panel.replaceWith(fresh);
    panel = fresh;
    const tall = panel.querySelector(".tall");
    if (tall) tall.scrollTop = scrolled;
    if (held) panel.querySelector(held)?.focus({ preventScroll: true });
    tell();
  }

  function path(element) {
    const fold = element.closest("details[data-key]");
    if (element.matches("summary") && fold) return `details[data-key="${fold.dataset.key}"] > summary`;
    const link = element.getAttribute("href");
    if (link) return `a[href="${CSS.escape(link)}"]`;
    return element.closest("[data-preview-cancel]") ? "[data-preview-cancel] button" : null;
  }

  // only the headline is read out, and only when it has changed
  function tell() {
    const headline = panel.dataset.headline;
    if (!headline) return;
    if (said.textContent !== headline) said.textContent = headline;
    for (const place of document.querySelectorAll("[data-preview-headline]")) place.textContent = headline;
  }

  function note(text) {
    let place = panel.querySelector("[data-preview-note]");
    if (!text) { place?.remove(); return; }
    if (!place) {
      place = document.createElement("div");
      place.className = "card-body";
      place.dataset.previewNote = "";
      panel.querySelector("header").after(place);
    }
    place.replaceChildren(document.createElement("p"));
    place.firstChild.className = "notice warn";
    place.firstChild.textContent = text;
  }

  function stop() {
    clearTimeout(timer);
    asking?.abort();
    asking = null;
  }

  async function send(url, options) {
    stop();
    const mine = asking = new AbortController();
    let answer, text;
    try {
      answer = await fetch(url, { ...options, headers: PART, signal: mine.signal, redirect: "error" });
      text = await answer.text();
    } catch {
      if (asking === mine) {
        note("The server cannot be reached, or you are signed out. It is tried again.");
        timer = setTimeout(() => send(url, options), pause = LATEST);
      }
      return;
    }
    if (asking !== mine) return;
    asking = null;
    if (answer.ok) {
      put(text);
    } else if (answer.status === 422) {
      const told = new DOMParser().parseFromString(text, "text/html").querySelector("[data-preview-note]");
      note((told?.textContent ?? "The rule needs mending before it can be judged.").trim());
    } else {
      note(answer.status === 404 ? "This preview is gone. Change something to ask again." : "It could not be asked. Save, or load the page again.");
      return;
    }
    follow();
  }

  function follow() {
    clearTimeout(timer);
    if (panel.dataset.running === undefined || !panel.dataset.url) return;
    timer = setTimeout(() => send(panel.dataset.url, {}), pause);
    pause = Math.min(pause * 1.25, LATEST);
  }

  function ask() {
    clearTimeout(typing);
    pause = SOONEST;
    send(form.querySelector("button[formaction]")?.formAction ?? "/rules/preview", { method: "POST", body: new URLSearchParams(new FormData(form)) });
  }

  document.addEventListener("submit", event => {
    if (!event.target.matches("[data-preview-cancel]")) return;
    event.preventDefault();
    send(event.target.action, { method: "POST", body: new URLSearchParams(new FormData(event.target)) });
  });
  if (form) {
    form.addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(ask, TYPED); });
    form.addEventListener("change", () => { clearTimeout(typing); typing = setTimeout(ask, TYPED); });
    form.addEventListener("submit", event => {
      if (!event.submitter?.formAction.endsWith("/rules/preview")) return;
      event.preventDefault();
      ask();
    });
    if (!panel.dataset.url) ask();
  }
  tell();
  follow();
})();
