// Comfort only: what is under way is looked at again by itself. Without this file there is the link "Look again".
"use strict";
(() => {
  const EVERY = 2000;
  let waiting = 0;
  const look = async () => {
    const open = document.querySelectorAll('[data-live="on"][id]');
    if (!open.length || document.hidden) return;
    let page;
    try {
      const answer = await fetch(location.href, { credentials: "same-origin", redirect: "error" });
      if (!answer.ok) return;
      page = new DOMParser().parseFromString(await answer.text(), "text/html");
    } catch {
      return;
    }
    let ended = false;
    for (const part of open) {
      const fresh = page.getElementById(part.id);
      if (!fresh || fresh.dataset.live !== "on") ended = true;
      else if (!part.contains(document.activeElement)) part.replaceWith(document.adoptNode(fresh));
    }
    // What has come to its end changes the heading and more: the page as a whole is read anew, once.
    if (ended) location.reload();
  };
  waiting = setInterval(look, EVERY);
  addEventListener("pagehide", () => clearInterval(waiting));
})();
