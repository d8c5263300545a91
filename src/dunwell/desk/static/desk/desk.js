/* The case page: outcome keys, the promise's calendar and split, what is still missing. The server decides. */
"use strict";
(() => {
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
  const work = () => $("#work-form");

  /* amounts as cents in whole numbers: no floating point where money is */
  const cents = (text) => {
    const match = text.replace(/[,，\s]/g, "").match(/^(\d+)(?:\.(\d{1,2}))?$/);
    return match ? BigInt(match[1]) * 100n + BigInt((match[2] || "").padEnd(2, "0")) : null;
  };
  const written = (amount) => {
    const digits = String(amount).padStart(3, "0");
    return digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ",") + "." + digits.slice(-2);
  };

  function parts(form) {
    return $$("[data-part]", form).filter((row) => !row.hidden).map((row) => ({
      row, date: $("[name=part_date]", row), amount: $("[name=part_amount]", row), payer: $("[name=part_payer]", row),
    }));
  }
  const isDay = (text) => /^\d{4}-\d{2}-\d{2}$/.test(text);
  function spread(form, from) {
    const total = cents($("[data-total]", form).dataset.total), rows = parts(form).filter((part) => part.date.value);
    if (!rows.length || total === null) return;
    const last = rows[rows.length - 1];
    if (from === "days") {
      const share = total / BigInt(rows.length);
      rows.slice(0, -1).forEach((part) => { if (!part.amount.dataset.typed) part.amount.value = written(share); });
    }
    if (last.amount.dataset.typed) return;
    const before = rows.slice(0, -1).reduce((sum, part) => sum + (cents(part.amount.value) || 0n), 0n);
    last.amount.value = written(total > before ? total - before : 0n);
  }
  function tellPromise(form) {
    const section = $("[data-total]", form);
    if (!section) return;
    const sum = parts(form).reduce((all, part) => all + (cents(part.amount.value) || 0n), 0n), total = cents(section.dataset.total);
    $("[data-sum]", section).textContent = written(sum);
    const says = $("[data-equal]", section), same = sum === total;
    says.textContent = sum === 0n ? "" : same ? says.dataset.equal : sum < total ? says.dataset.less : says.dataset.more;
    says.classList.toggle("ok", same); says.classList.toggle("warn", !same);
    const days = parts(form).map((part) => part.date.value);
    $$(".cal button", section).forEach((button) => button.setAttribute("aria-pressed", String(days.includes(button.value))));
  }
  function addPart(form) {
    const next = $$("[data-part]", form).find((row) => row.hidden);
    if (next) { next.hidden = false; $("[name=part_date]", next).focus(); }
  }
  function pickDay(form, day) {
    const rows = parts(form), had = rows.find((part) => part.date.value === day);
    if (had) { had.date.value = ""; had.amount.value = ""; if (had.payer) had.payer.value = ""; delete had.amount.dataset.typed; }
    else {
      let open = rows.find((part) => !part.date.value);
      if (!open) { const next = $$("[data-part]", form).find((row) => row.hidden); if (!next) return; next.hidden = false; open = parts(form).at(-1); }
      open.date.value = day;
      const all = parts(form), dated = all.filter((part) => part.date.value).sort((a, b) => a.date.value < b.date.value ? -1 : 1)
        .map((part) => [part.date.value, part.amount.dataset.typed ? part.amount.value : "", part.amount.dataset.typed, part.payer?.value]);
      all.forEach((part, at) => {
        const [date, amount, typed, payer] = dated[at] || ["", "", undefined, ""];
        part.date.value = date; part.amount.value = amount;
        if (part.payer) part.payer.value = payer;
        if (typed) part.amount.dataset.typed = typed; else delete part.amount.dataset.typed;
      });
    }
    spread(form, "days");
    form.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /* the one button says what is missing; the server is asked in any case */
  const code = (form) => $("input[name=code]:checked", form);
  const asks = (form) => (code(form) ? code(form).dataset.asks.split(" ") : []);
  function missing(form) {
    const chosen = code(form), identified = Boolean($("[name=identified]:checked", form));
    if (!chosen) return "code";
    if (chosen.dataset.identity === "must" && !identified) return "identified";
    if (chosen.dataset.identity === "never" && identified) return "notIdentified";
    if ("disclosures" in chosen.dataset && $$("[name=disclosed]", form).some((box) => !box.checked)) return "disclosed";
    const asked = asks(form);
    if (asked.includes("promise") && !parts(form).some((part) => part.date.value && part.amount.value)) return "promise";
    if (asked.includes("promise") && parts(form).some((part) => Boolean(part.date.value) !== Boolean(part.amount.value))) return "promise";
    if (asked.includes("call_back") && !($("[name=call_back_date]", form).value && $("[name=call_back_time]", form).value)) return "callBack";
    if (asked.includes("note") && !$("[name=note]", form).value.trim()) return "note";
    return "";
  }
  function show(form, group) {
    $$("[data-codes]", form).forEach((part) => { part.hidden = part.dataset.codes !== group; });
    $$("[data-group]", form).forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.group === group)));
  }
  /* what the network says of a call that nobody answered is chosen, unless something is */
  function propose(form) {
    const told = $("[data-propose]", form), radio = told && $(`input[name=code][value="${told.dataset.propose}"]`, form);
    if (!radio || code(form)) return;
    radio.checked = true;
    show(form, radio.closest("[data-codes]").dataset.codes);
  }
  /* the script follows the call: nothing of the debt before the identity check; then what answers what he said */
  function tellScript(form, asked) {
    const script = $("[data-script]", form);
    if (!script) return;
    const identified = Boolean($("[name=identified]:checked", form)), chosen = code(form);
    const order = $$("[data-step]", script).map((button) => button.dataset.step);
    let at = asked || script.dataset.at || order[0];
    if (!identified) at = order[0];
    else if (at === order[0] && !asked) at = order[1];
    script.dataset.at = at;
    const answer = identified && chosen && $(`[data-said="${CSS.escape(chosen.value)}"]`, script);
    $$("[data-step]", script).forEach((button) => button.setAttribute("aria-pressed", String(!answer && button.dataset.step === at)));
    $$("[data-step-words]", script).forEach((words) => { words.hidden = Boolean(answer) || words.dataset.stepWords !== at; });
    $$("[data-said]", script).forEach((words) => { words.hidden = words !== answer; });
  }
  function refresh() {
    const form = work();
    if (!form) return;
    tellScript(form);
    propose(form);
    const asked = asks(form);
    $$("[data-result]", form).forEach((part) => { part.hidden = !asked.includes(part.dataset.result); });
    if (code(form) && "disclosures" in code(form).dataset) form.setAttribute("data-needs-disclosures", ""); else form.removeAttribute("data-needs-disclosures");
    tellPromise(form);
    const what = missing(form), says = $("#missing"), save = $("#save");
    if (form.dataset.touched || !says.textContent) says.textContent = what ? says.dataset[what] : "";
    save.setAttribute("aria-disabled", what ? "true" : "false");
  }
  document.addEventListener("input", (event) => {
    const form = work();
    if (!form || !form.contains(event.target) && event.target !== form) return;
    form.dataset.touched = "1";
    if (event.target.name === "part_amount") { event.target.dataset.typed = event.target.value ? "1" : ""; if (!event.target.value) delete event.target.dataset.typed; spread(form, "amounts"); }
    if (event.target.name === "part_date" && isDay(event.target.value)) spread(form, "days");
    refresh();
  });
  document.addEventListener("change", refresh);
  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (!target) return;
    const form = work(), day = target.closest(".cal button");
    if (day && form) { pickDay(form, day.value); return; }
    if (target.closest("[data-add-part]") && form) { addPart(form); refresh(); return; }
    const group = target.closest("[data-group]");
    if (group && form) {
      const other = group.getAttribute("aria-pressed") === "true" && $$("[data-group]", form).find((button) => button !== group);
      show(form, (other || group).dataset.group);
      return;
    }
    const step = target.closest("[data-step]");
    if (step && form) { tellScript(form, step.dataset.step); return; }
    const presses = target.closest("[data-presses]");
    if (presses) { const other = $(presses.dataset.presses); if (other) other.click(); return; }
    const reveal = target.closest("[data-reveal]");
    if (reveal) {
      const dialog = $("#reveal");
      $("[name=what]", dialog).value = reveal.dataset.reveal;
      $("[data-reveal-words]", dialog).textContent = reveal.dataset.revealWords;
      $("#revealed", dialog).replaceChildren();
    }
  });
  /* 1 to 9 and 0: what came of the call, in the group that is open; P: a promise */
  document.addEventListener("keydown", (event) => {
    const form = work();
    if (!form || event.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && event.target instanceof Element && form.contains(event.target) && event.target.matches("input")) {
      event.preventDefault();
      if (event.target.closest("#identity-check")) { const check = $("#check-identity"); if (check) check.click(); }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || $("dialog[open]")) return;
    if (document.body.dataset.singleKeys === "off" || event.target.matches?.("textarea, select, input:not([type=radio], [type=checkbox])")) return;
    const press = (radio) => {
      if (!radio) return;
      event.preventDefault();
      radio.checked = true; radio.focus(); radio.dispatchEvent(new Event("input", { bubbles: true }));
    };
    if (/^[0-9]$/.test(event.key)) press($(`[data-codes]:not([hidden]) input[data-digit="${event.key}"]`, form));
    else if (event.key.toLowerCase() === "p") {
      const radio = $("input[name=code][value=promise]", form);
      if (!radio) return;
      event.stopImmediatePropagation();
      show(form, radio.closest("[data-codes]").dataset.codes);
      press(radio);
      const first = $(".cal button", form); if (first) first.focus();
    }
  }, true);
  document.addEventListener("htmx:afterSettle", refresh);
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful && event.detail.elt.matches("dialog form") && event.detail.xhr.status === 204) event.detail.elt.closest("dialog").close();
  });
  refresh();
})();
