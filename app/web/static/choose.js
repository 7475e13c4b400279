// Comfort only: ticks every box at once, and says how many are ticked.
"use strict";
for (const form of document.querySelectorAll("form.choose")) {
  const boxes = [...form.querySelectorAll("input[name=flag]")];
  const all = form.querySelector("[data-all]");
  const state = form.querySelector("[data-chosen]");
  const resting = state.textContent;
  const count = () => {
    const chosen = boxes.filter((box) => box.checked).length;
    state.textContent = chosen ? `${chosen} of ${boxes.length} on this page chosen.` : resting;
    all.firstChild.textContent = chosen === boxes.length ? "None" : "All";
  };
  all.addEventListener("click", (event) => {
    event.preventDefault();
    const wanted = boxes.some((box) => !box.checked);
    for (const box of boxes) box.checked = wanted;
    count();
  });
  form.addEventListener("change", count);
  state.setAttribute("role", "status");
  count();
}
