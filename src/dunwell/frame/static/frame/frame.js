/* The frame's behaviour: keys, palette, theme, nothing typed is lost. No framework; htmx sends the forms. */
"use strict";
(() => {
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
  const body = document.body;
  const token = () => (document.cookie.match(/(?:^|; )csrftoken=([^;]+)/) || [])[1] || "";
  const typing = (target) => target instanceof Element &&
    (target.matches("textarea, select, [contenteditable=true]") || (target.matches("input") && !target.matches("[type=checkbox], [type=radio], [type=button], [type=submit]")));
  const seen = (element) => element.getClientRects().length > 0;

  /* keys: an element says its own key in data-key */
  const named = (event) => {
    const key = event.key === "Enter" ? "enter" : event.key.toLowerCase();
    return (event.ctrlKey || event.metaKey ? "ctrl+" : "") + key;
  };
  const act = (element) => {
    if (element.getAttribute("aria-disabled") === "true") { element.focus(); return; }
    if (typing(element) || element.matches("[data-key-focus]")) { element.focus(); if (element.select) element.select(); return; }
    element.click();
  };
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229 || event.altKey) return;
    const key = named(event);
    const open = $("dialog[open]");
    if (key === "ctrl+k") { event.preventDefault(); openPalette(); return; }
    const single = !key.startsWith("ctrl+");  /* a field that has just been hidden keeps the focus for a moment: nobody types there */
    if (single && ((typing(event.target) && seen(event.target)) || body.dataset.singleKeys === "off" || event.ctrlKey || event.metaKey || event.repeat)) return;
    if (single && event.key === "?") { if (!open) { event.preventDefault(); openKeys(); } return; }
    const within = open || document;
    const element = $$(`[data-key="${CSS.escape(key)}"]`, within).find(seen);
    if (!element) return;
    event.preventDefault();
    act(element);
  });

  /* a dialog begins in its first field, where it has one; Close comes before it in the order of reading only */
  const begin = (dialog) => {
    const field = $$("input:not([type=hidden]), select, textarea", dialog).find(seen);
    if (field) field.focus();
  };
  const show = (dialog) => { dialog.showModal(); begin(dialog); };
  document.addEventListener("htmx:load", (event) => {
    const dialog = event.detail.elt.closest("dialog[open]");
    if (dialog && document.activeElement.matches("[data-close]")) begin(dialog);
  });

  /* cheat sheet: read from the page, so that it is never wrong */
  const shown = (key) => key === "+" ? "+" : key.split("+").map((part) => ({ ctrl: "Ctrl", enter: "↵" }[part] ?? part.toUpperCase())).join(" ");
  function openKeys() {
    const dialog = $("#keys"), list = $("dl", dialog);
    list.replaceChildren();
    const line = (key, words) => {
      const row = document.createElement("div"), dt = document.createElement("dt"), dd = document.createElement("dd"), kbd = document.createElement("kbd");
      kbd.textContent = key; dt.append(kbd); dd.textContent = words; row.append(dt, dd); list.append(row);
    };
    const done = new Set();
    for (const element of $$("[data-key]").filter(seen)) {
      const key = element.dataset.key;
      if (done.has(key) || key === "ctrl+k") continue;
      done.add(key);
      const copy = element.cloneNode(true);
      $$("kbd, small", copy).forEach((part) => part.remove());
      line(shown(key), element.dataset.keyWords || element.getAttribute("aria-label") || copy.textContent.trim());
    }
    for (const item of $$("[data-key-line]").filter(seen)) {
      const key = $$("kbd", item).map((part) => part.textContent).join("–"), copy = item.cloneNode(true);
      $$("kbd, [aria-hidden]", copy).forEach((part) => part.remove());
      if (!done.has(key.toLowerCase())) line(key, copy.textContent.trim());
    }
    line("Ctrl K", list.dataset.wordsSearch);
    line("?", list.dataset.wordsAll);
    show(dialog);
  }
  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (!target) return;
    const grey = target.closest('[aria-disabled="true"]');
    if (grey) { event.preventDefault(); event.stopImmediatePropagation(); return; }
    if (target.closest("[data-palette]")) { event.preventDefault(); openPalette(); return; }
    if (target.closest("[data-show-keys]")) { openKeys(); return; }
    if (target.closest("[data-close]")) target.closest("dialog").close();
    const opener = target.closest("[data-dialog]");
    if (opener) { event.preventDefault(); const dialog = document.getElementById(opener.dataset.dialog); if (dialog && !dialog.open) show(dialog); }
  }, true);

  /* palette: pages and commands by name; everything else is searched on the server, by POST, for it is personal */
  function openPalette() {
    const dialog = $("#palette");
    if (!dialog || dialog.open) return;
    $$("dialog[open]").forEach((other) => other.close());
    $("input[name=q]", dialog).value = "";
    fill("");
    show(dialog);
  }
  function fill(text) {
    const list = $("#palette ul"), wanted = text.trim().toLowerCase();
    list.replaceChildren();
    const known = new Set();  /* what may be done on this page first, then the pages */
    for (const source of [...$$(".btn[data-key]"), ...$$(".top nav a, [data-command]")].filter((one) => !one.closest("dialog") && (seen(one) || one.dataset.command))) {
      const copy = source.cloneNode(true);
      $$("kbd, small", copy).forEach((part) => part.remove());
      const words = (source.dataset.command || copy.textContent).trim();
      if (known.has(words) || (wanted && !words.toLowerCase().includes(wanted))) continue;
      known.add(words);
      const item = document.createElement("li"), button = document.createElement("button");
      button.type = "button"; button.textContent = words;
      button.addEventListener("click", () => { $("#palette").close(); source.click(); });
      item.append(button); list.append(item);
    }
  }
  const palette = $("#palette");
  if (palette) {
    palette.addEventListener("input", () => fill($("input[name=q]", palette).value));
    palette.addEventListener("keydown", (event) => {
      if (event.isComposing || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
      event.preventDefault();
      const stops = [$("input[name=q]", palette), ...$$("li button", palette)];
      const at = stops.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
      stops[(at + stops.length) % stops.length].focus();
    });
  }

  /* theme without loading the page again; the form does it where scripts do not run */
  const themeForm = $("[data-theme-switch]");
  if (themeForm) themeForm.addEventListener("submit", (event) => {
    event.preventDefault();
    const button = $("button", themeForm);
    const dark = document.documentElement.dataset.theme
      ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    const theme = dark ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    button.textContent = theme === "dark" ? button.dataset.light : button.dataset.dark;
    button.value = theme === "dark" ? "light" : "dark";
    fetch(themeForm.getAttribute("action"), { method: "POST", headers: { "X-CSRFToken": token(), "HX-Request": "true" }, body: new URLSearchParams({ theme }) });
  });

  /* one press, one sending: plain forms wait for the next page, htmx forms for their answer */
  const taken = new WeakSet();
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method === "dialog") return;
    if (form.hasAttribute("hx-post")) {
      /* pressed before htmx has taken up a form just shown: it is taken up now, for the browser's own sending would leave the page */
      event.preventDefault();
      if (taken.has(form)) return;
      taken.add(form);
      htmx.process(form);
      const pressed = event.submitter;  /* a form does not hear a second submit while its first is told */
      setTimeout(() => form.requestSubmit(pressed && pressed.isConnected ? pressed : undefined));
      return;
    }
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    form.setAttribute("aria-busy", "true");
    if (form.hasAttribute("data-stays")) setTimeout(() => { delete form.dataset.sent; form.removeAttribute("aria-busy"); }, 2000);
  });
  addEventListener("pageshow", () => $$("form[data-sent]").forEach((form) => { delete form.dataset.sent; form.removeAttribute("aria-busy"); }));

  /* the line is lost: what is typed stays, and is sent again with the same key, so that it counts once */
  const offline = $("#offline");
  let waiting = null, attempts = 0, ticking = null;
  function lost(element, why) {
    waiting = element;
    offline.hidden = false;
    const words = $("[data-words]", offline), next = $("[data-next]", offline);
    words.textContent = words.dataset[why];
    clearInterval(ticking);
    next.textContent = "";
    if (why !== "words") return;
    attempts += 1;
    let seconds = Math.min(4 * attempts, 30);
    const tell = () => { next.textContent = next.dataset.next.replace("{n}", attempts).replace("{s}", seconds); };
    tell();
    ticking = setInterval(() => { seconds -= 1; tell(); if (seconds <= 0) again(); }, 1000);
  }
  function again() {
    clearInterval(ticking);
    if (!waiting || !waiting.isConnected) { offline.hidden = true; return; }
    if (waiting.matches("form")) waiting.requestSubmit(); else waiting.click();
  }
  $("[data-retry]", offline).addEventListener("click", again);
  addEventListener("online", () => { if (waiting && !offline.hidden) again(); });
  document.addEventListener("htmx:configRequest", (event) => {
    event.detail.headers["X-CSRFToken"] = token();
    if ("csrfmiddlewaretoken" in event.detail.parameters) event.detail.parameters.csrfmiddlewaretoken = token();
  });
  document.addEventListener("htmx:beforeRequest", (event) => event.detail.elt.setAttribute("aria-busy", "true"));
  document.addEventListener("htmx:afterRequest", (event) => {
    event.detail.elt.removeAttribute("aria-busy");
    if (waiting && waiting.isConnected && event.detail.elt !== waiting) return;  /* another part's answer sends nothing that waits */
    if (event.detail.successful || event.detail.xhr.status === 422) { waiting = null; attempts = 0; clearInterval(ticking); offline.hidden = true; }
  });
  document.addEventListener("htmx:sendError", (event) => lost(event.detail.elt, "words"));
  document.addEventListener("htmx:timeout", (event) => lost(event.detail.elt, "words"));
  document.addEventListener("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    lost(event.detail.elt, [502, 503, 504].includes(status) ? "words" : status === 401 || status === 403 ? "signedOut" : "refused");
  });

  /* drafts: what is typed is kept on the server, sealed, a second after the last key */
  const timers = new WeakMap();
  const keep = (form) => {
    const data = new URLSearchParams(new FormData(form));
    data.delete("csrfmiddlewaretoken");
    return fetch(form.dataset.draft, { method: "POST", keepalive: true, headers: { "X-CSRFToken": token(), "X-Draft": "1" }, body: data })
      .then((answer) => answer.ok ? answer.text() : Promise.reject(answer.status))
      .then((text) => { const state = $("[data-draft-state]"); if (state) state.textContent = text; })
      .catch(() => {});
  };
  document.addEventListener("input", (event) => {
    const form = event.target instanceof Element && event.target.closest("form[data-draft]");
    if (!form) return;
    form.dataset.changed = "1";
    clearTimeout(timers.get(form));
    timers.set(form, setTimeout(() => keep(form), 1000));
  });
  const language = $("[data-language]");
  if (language) language.addEventListener("click", () => $$("form[data-draft]").forEach((form) => { if (form.dataset.changed) keep(form); }), true);

  /* what was shown on purpose is masked again; what is on the clock is counted */
  function watch(from) {
    for (const element of $$("[data-mask-after]", from)) {
      if (element.dataset.watched) continue;
      element.dataset.watched = "1";
      setTimeout(() => { element.textContent = element.dataset.masked || "****"; element.classList.remove("shown"); }, 1000 * Number(element.dataset.maskAfter));
    }
  }
  const two = (number) => String(number).padStart(2, "0");
  setInterval(() => {
    const now = Date.now();
    for (const element of $$("[data-since]")) {
      const seconds = Math.max(0, Math.round((now - Date.parse(element.dataset.since)) / 1000));
      element.textContent = `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}`;
    }
    for (const element of $$("[data-until]")) {
      const seconds = Math.max(0, Math.round((Date.parse(element.dataset.until) - now) / 1000));
      element.textContent = `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
      if (seconds === 0 && !element.dataset.over) { element.dataset.over = "1"; element.dispatchEvent(new CustomEvent("over", { bubbles: true })); }
    }
  }, 1000);
  watch(document);
  document.addEventListener("htmx:load", (event) => watch(event.detail.elt.parentElement || document));

  /* a part of the page that the server keeps true: each answer is one event, and the browser asks again by itself */
  for (const part of $$("[data-stream]")) {
    let source = null;
    const open = () => {
      source = new EventSource(part.dataset.stream);
      source.addEventListener("show", (event) => { part.innerHTML = event.data; htmx.process(part); delete part.dataset.stale; });
      source.addEventListener("error", () => { if (source.readyState === EventSource.CLOSED) part.dataset.stale = "1"; });
    };
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) { source.close(); source = null; } else if (!source) open();
    });
    if (!document.hidden) open();
  }

  /* in lists: all boxes at once, and a choice that sends its form */
  document.addEventListener("change", (event) => {
    const target = event.target;
    if (target.matches("[data-all]")) $$(`input[name="${target.dataset.all}"]`).forEach((box) => { box.checked = target.checked; });
    if (target.matches("[data-sends]")) target.form.requestSubmit();
  });
})();
