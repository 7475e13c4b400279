// Comfort for the rule editor: marks what differs from the version in force while it is typed, counts it, and asks
// before work that is not saved is left behind. Saving and everything else works without it.
"use strict";
for (const form of document.querySelectorAll("form[data-rule-form]")) {
  const base = JSON.parse(form.dataset.base || "{}");
  const counter = form.querySelector("[data-changes]");
  const began = new URLSearchParams(new FormData(form)).toString();
  let sent = false;

  const now = (name, data) => {
    if (name === "ladder") {
      const rows = [...data.keys()].filter((key) => /^ladder\.\d+\.after$/.test(key));
      return JSON.stringify(rows.map((key) => [data.get(key).trim(), data.get(key.replace("after", "tell"))]));
    }
    return Array.isArray(base[name]) ? JSON.stringify(data.getAll(name).sort()) : (data.get(name) || "").trim();
  };
  const then = (name) => {
    if (name === "ladder") return JSON.stringify(base[name]);
    return Array.isArray(base[name]) ? JSON.stringify([...base[name]].sort()) : base[name];
  };
  const mark = () => {
    const data = new FormData(form);
    let changes = 0;
    for (const name of Object.keys(base)) {
      const differs = now(name, data) !== then(name);
      changes += differs;
      const chip = form.querySelector(`[data-was-of="${CSS.escape(name)}"]`);
      if (chip) chip.hidden = !differs;
    }
    const said = changes ? `${changes} ${changes === 1 ? "change" : "changes"} not saved` : "Nothing changed yet";
    if (counter && counter.textContent !== said) counter.textContent = said;
  };
  form.addEventListener("input", mark);
  form.addEventListener("submit", () => { sent = true; });
  window.addEventListener("beforeunload", (event) => {
    if (!sent && new URLSearchParams(new FormData(form)).toString() !== began) event.preventDefault();
  });
}
