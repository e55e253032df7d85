// The callback desk by keyboard. Every choice and button of the desk shows its key in its label, as code; this script
// presses what shows the key that was pressed, and so needs no words and no list of keys of its own. A digit answers the
// question that is asked, and the next one without an answer follows. Whoever writes is never disturbed: in a field only
// Ctrl+Enter, Enter and Escape mean something, and while Chinese is being composed nothing does.
//
// A key that is typed before the screen has answered the one before waits in a row until it has. What is written is
// committed a moment after the last stroke, so that the draft holds it. The time during which somebody types or points is
// measured, from the opening of a form to its sending, and put into a field of the form that nobody sees.
(() => {
  const DESK = '.st-key-callback_desk';
  const QUESTIONS = '.st-key-callback_questions';
  const DIALOG = '[data-testid=stDialog]';
  const POPOVER = '[data-testid=stPopoverBody]';
  const WRITE_FIRST = '[class*=st-key-callback_write_]';
  const ELEMENT = '[data-testid=stElementContainer]';
  const FIELD = 'textarea, input:not([type=radio]):not([type=checkbox]):not([type=hidden])';
  const ENTERED = `[role=spinbutton], ${FIELD}, select, [role=combobox]`;
  const CHOICE = '[role=radio], [role=checkbox], button[aria-pressed]';
  const MARK = /st-key-callback_mark_\d+_(\w+?)_missing_(\w+?)_seen_(\w*?)_(\d+)(?:\s|$)/;
  const COMMIT_AFTER = 800;
  const LONGEST_GAP = 5000;
  const LONGEST_WAIT = 8000;
  const ANSWER_WITHIN = 4000;

  const waiting = [];
  let sent = null;
  let progress = 0;
  let wanted = null;
  let form = null;
  let composing = false;
  let opened = null;

  const all = (within, selector) => [...within.querySelectorAll(selector)];
  const seen = (element) => element.getClientRects().length > 0;
  const desk = () => document.querySelector(DESK);

  // What the screen says ---------------------------------------------------------------------------------------------

  // The desk leaves a mark at the end of every run: its number, whose form it is, what is missing first, and what the
  // run has seen: the keys of all that was chosen, and how long the citizen's words were.
  const mark = () => {
    const drawn = document.querySelector('[class*=st-key-callback_mark_]');
    const found = drawn && MARK.exec(drawn.className);
    if (!found) return { form: null, missing: null, seen: null };
    return { form: found[1], missing: found[2], seen: `${found[3]} ${found[4]}` };
  };

  // The number of the last run of the screen, or of a window over it.
  const run = () => Math.max(0, ...all(document, '[class*=st-key-callback_mark_], [class*=st-key-callback_run_]')
    .map((drawn) => Number(/st-key-callback_(?:mark|run)_(\d+)/.exec(drawn.className)?.[1] ?? 0)));

  // What the mark should say that the last run has seen, were it of this moment.
  const chosen = () => {
    const asked = desk()?.querySelector('.st-key-callback_asked');
    if (!asked) return null;
    const pressed = all(asked, '[aria-checked=true] code, [aria-pressed=true] code').map((code) => code.textContent);
    const words = asked.querySelector('[class*=st-key-callback_words_] textarea');
    return `${pressed.join('')} ${words ? [...words.value].length : 0}`;
  };

  // Whether the screen has answered the last stroke and has seen everything that stands on it; or should have, long ago.
  const answered = () => {
    const app = document.querySelector('[data-testid=stApp]');
    if (!app || (app.dataset.testScriptState ?? '') !== 'notRunning') return false;
    if (performance.now() > progress + ANSWER_WITHIN) return true;
    const known = mark().seen;
    return (sent === null || run() !== sent) && (known === null || known === chosen());
  };

  // What lies over the desk: a window, or the small one of a button.
  const dialog = () => {
    const open = all(document, DIALOG).find(seen) ?? all(document, POPOVER).find(seen);
    return open && { ours: open.querySelector('[class*=st-key-callback_]') !== null, open };
  };

  const listIsOpen = () => all(document, '[role=listbox], [data-baseweb=popover]').some(seen);

  const isField = (element) => element instanceof HTMLElement
    && (element.matches(FIELD) || element.isContentEditable || element.matches('select, [role=combobox], [role=spinbutton]'));

  const questions = () => {
    const asked = desk()?.querySelector(QUESTIONS);
    return asked ? all(asked, ELEMENT).filter((one) => one.querySelector(`${FIELD}, ${CHOICE}`)) : [];
  };

  const hasAnswer = (question) => question.querySelector('[aria-checked=true], [aria-pressed=true], [data-selected]')
    !== null || all(question, FIELD).some((field) => field.value !== '');

  const current = () => {
    const asked = questions();
    return asked.find((one) => one.contains(document.activeElement)) ?? asked.find((one) => !hasAnswer(one)) ?? null;
  };

  // What shows a key: a button, a link or a choice that holds it, else the element whose label does.
  const showing = (within, key) => {
    for (const code of all(within, 'code')) {
      if (code.textContent.toLowerCase() !== key || !seen(code)) continue;
      const button = code.closest('button, a[href], [role=radio], [role=checkbox]');
      if (button && !button.disabled && button.getAttribute('aria-disabled') !== 'true') return button;
      const field = button ? null : code.closest(ELEMENT)?.querySelector(ENTERED);
      if (field && !field.disabled) return field;
    }
    return null;
  };

  const within = () => {
    const open = dialog();
    return open ? (open.ours ? open.open : null) : desk();
  };

  // What is done -----------------------------------------------------------------------------------------------------

  const focusOn = (element) => {
    if (!element) return;
    const target = element.querySelector(FIELD) ?? element.querySelector('[role=radiogroup], [role=toolbar], [role=group]')
      ?? element.querySelector('button') ?? element;
    if (!target.matches('input, textarea, button, a')) target.tabIndex = -1;
    target.focus();
    element.scrollIntoView({ block: 'nearest' });
  };

  const expectAnAnswer = () => { sent = run(); };

  const write = (field, text) => {
    const kind = field.tagName === 'TEXTAREA' ? HTMLTextAreaElement : HTMLInputElement;
    Object.getOwnPropertyDescriptor(kind.prototype, 'value').set.call(field, text);
    field.dispatchEvent(new Event('input', { bubbles: true }));
  };

  // Streamlit commits a field that loses the focus; here it is told so, and the writer keeps it.
  // Nor does the small window of a button believe that it was left.
  const commit = (field) => {
    const relatedTarget = field.closest(POPOVER);
    field.dispatchEvent(new FocusEvent('focusout', { bubbles: true, relatedTarget }));
  };

  const handOverTime = () => {
    const field = within()?.querySelector('[class*=st-key-callback_hands_] input');
    if (!field || !form) return;
    write(field, String(Math.round(form.hands)));
    commit(field);
  };

  const press = (target) => {
    if (isField(target)) {
      target.focus();
      target.scrollIntoView({ block: 'nearest' });
      return;
    }
    if (target.getAttribute('aria-checked') === 'true') return;
    if (target.closest('[class*=st-key-callback_end_]')) handOverTime();
    // The small window of a button opens without a run of the screen.
    if (!target.matches('[data-testid=stPopoverButton]')) expectAnAnswer();
    target.click();
    if (target.hasAttribute('aria-pressed')) target.scrollIntoView({ block: 'nearest' });
  };

  // A field may be drawn a moment after the place in which it stands.
  const goTo = (code) => {
    const found = code && document.querySelector(`${DESK} [class*="st-key-callback_${code}"]`);
    const ready = found && found.querySelector(`${FIELD}, ${CHOICE}`) !== null;
    wanted = ready || code === 'none' ? null : code;
    if (ready) focusOn(found);
  };

  const answer = (key) => {
    const question = current();
    const choice = question && showing(question, key);
    if (!choice) return;
    press(choice);
    if (choice.getAttribute('role') !== 'radio') return;
    const asked = questions();
    const next = asked.find((one) => one !== question && !hasAnswer(one));
    if (next) focusOn(next);
    else document.activeElement?.blur();
  };

  const step = (way) => {
    const asked = questions();
    const at = asked.indexOf(current());
    const next = asked[at < 0 ? (way > 0 ? 0 : asked.length - 1) : at + way];
    if (next) focusOn(next);
  };

  const send = () => {
    const { missing } = mark();
    if (missing !== null && missing !== 'none') {
      goTo(missing);
      return;
    }
    const button = showing(desk(), 'enter');
    if (button) press(button);
  };

  // Keys that wait ---------------------------------------------------------------------------------------------------

  // Returns whether the key is done with, or is to be tried again once the screen has answered.
  const act = ({ key, typed, over }) => {
    // What was typed over a window is nothing to the form that it has uncovered.
    if (over && !dialog()) return true;
    const active = document.activeElement;
    if (typed && active instanceof HTMLTextAreaElement) {
      write(active, active.value + typed);
      return true;
    }
    const scope = within();
    if (scope === null) return true;
    const target = key === 'enter' || /^\d$/.test(key) || key.startsWith('arrow') ? null : showing(scope, key);
    const harmless = target !== null && (isField(target) || target.hasAttribute('aria-pressed'));
    if (!harmless && !answered()) return false;
    if (dialog()) {
      const there = target ?? showing(scope, key);
      if (there) press(there);
    } else if (target) {
      press(target);
    } else if (key === 'enter') {
      send();
    } else if (key.startsWith('arrow')) {
      step(key === 'arrowdown' ? 1 : -1);
    } else {
      answer(key);
    }
    return true;
  };

  const work = () => {
    while (waiting.length > 0) {
      if (performance.now() - progress > LONGEST_WAIT) {
        waiting.length = 0;
      } else if (act(waiting[0])) {
        waiting.shift();
        progress = performance.now();
      } else {
        return;
      }
    }
  };

  const take = (event, key, typed = null) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    if (waiting.length === 0) progress = performance.now();
    waiting.push({ key, typed, over: dialog() !== undefined });
    work();
  };

  // What is pressed --------------------------------------------------------------------------------------------------

  const inField = (event, field) => {
    const key = event.key.toLowerCase();
    if (key === 'escape' && field.closest(DESK)) {
      field.blur();
      focusOn(current());
    } else if (key === 'enter' && (event.ctrlKey || event.metaKey || !(field instanceof HTMLTextAreaElement))) {
      const scope = within();
      if (event.repeat || scope === null || showing(scope, 'enter') === null) return;
      commit(field);
      if (field.closest(QUESTIONS) && !event.ctrlKey && !event.metaKey) focusOn(questions().find((one) => !hasAnswer(one)));
      else take(event, 'enter');
    }
  };

  const meansSomething = (event) => {
    if (event.ctrlKey || event.metaKey) return event.key === 'Enter' && !event.altKey;
    if (event.altKey) return false;
    return event.key === 'Enter' || event.key === 'ArrowUp' || event.key === 'ArrowDown' || /^[0-9a-z?]$/i.test(event.key);
  };

  // A button that somebody reached by Tab takes Enter itself; a choice and a question leave it to the form.
  const keepsEnter = (element) => element instanceof HTMLElement && element.matches('button, a[href], summary')
    && !element.matches(CHOICE);

  const onKey = (event) => {
    if (!event.isTrusted || desk() === null || event.isComposing || event.keyCode === 229) return;
    const open = dialog();
    const active = document.activeElement;
    if (open && event.key === 'Escape' && !open.open.contains(active)) {
      // The window has not taken the focus yet.
      const escape = { key: 'Escape', code: 'Escape', bubbles: true, cancelable: true };
      (open.open.querySelector('[role=dialog]') ?? open.open).dispatchEvent(new KeyboardEvent('keydown', escape));
      return;
    }
    if ((open && !open.ours) || listIsOpen()) return;
    if (isField(active)) {
      if (active.closest(DESK) || (open && open.open.contains(active))) inField(event, active);
      return;
    }
    if (!meansSomething(event)) return;
    const key = event.key.toLowerCase();
    if (key.startsWith('arrow') && (open || active?.closest('canvas, [role=grid]') || questions().length === 0)) return;
    if (key === 'enter' && keepsEnter(active) && !(event.ctrlKey || event.metaKey)) return;
    // A window whose button does not show the key sees to it itself.
    if (key === 'enter' && open && showing(open.open, 'enter') === null) return;
    if (event.repeat && key === 'enter') {
      event.preventDefault();
      return;
    }
    take(event, key, waiting.length > 0 && event.key.length === 1 ? event.key : null);
  };

  // Hands, drafts, the question that is asked ------------------------------------------------------------------------

  const atWork = () => {
    if (!form) return;
    const now = performance.now();
    if (now - form.last <= LONGEST_GAP) form.hands += now - form.last;
    form.last = now;
  };

  const touch = () => {
    if (form) form.touched = true;
    wanted = null;
  };

  // What was measured outlives a reload of the page.
  const remembered = (name) => {
    try { return Number(sessionStorage.getItem(`desk-hands-${name}`) ?? 0); } catch { return 0; }
  };
  const remember = () => {
    if (!form) return;
    try { sessionStorage.setItem(`desk-hands-${form.name}`, String(Math.round(form.hands))); } catch { /* measured anew */ }
  };

  const commitSoon = (event) => {
    const field = event.target;
    if (!event.isTrusted || !isField(field) || !field.closest(`${DESK}, ${DIALOG}`)) return;
    if (field.getAttribute('role') === 'combobox') return;
    clearTimeout(field.deskTimer);
    const later = () => {
      if (composing) field.deskTimer = setTimeout(later, COMMIT_AFTER);
      else if (field.isConnected && document.activeElement === field) commit(field);
    };
    field.deskTimer = setTimeout(later, COMMIT_AFTER);
  };

  const showCurrent = () => {
    const asked = desk() && questions();
    if (!asked) return;
    const now = current();
    for (const one of asked) {
      if (one === now) one.setAttribute('data-desk-current', '');
      else one.removeAttribute('data-desk-current');
    }
  };

  // A window in which there is nothing to do but to write has the focus in its first field.
  const writeFirst = () => {
    const over = desk() && dialog()?.open.querySelector(WRITE_FIRST);
    const field = over?.querySelector(FIELD) ?? null;
    if (field && over !== opened) field.focus();
    opened = field && over;
  };

  const lookAround = () => {
    const { form: drawn } = mark();
    if (desk() === null || drawn === null) {
      form = null;
    } else if (form === null || form.name !== drawn) {
      form = { name: drawn, hands: remembered(drawn), last: performance.now(), touched: false };
      if (!isField(document.activeElement)) document.activeElement?.blur();
    }
    // Until somebody does something, the focus is where the work begins, however often the screen is drawn meanwhile.
    if (form !== null && !form.touched && !dialog() && document.activeElement === document.body) {
      const open = questions().find((one) => !hasAnswer(one));
      if (open) focusOn(open);
      else goTo(mark().missing);
    }
    if (wanted !== null) goTo(wanted);
    for (const hidden of all(document, '[class*=st-key-callback_hands_] input')) hidden.tabIndex = -1;
    writeFirst();
    showCurrent();
    work();
  };

  let planned = false;
  const plan = () => {
    if (planned) return;
    planned = true;
    setTimeout(() => { planned = false; lookAround(); }, 0);
  };

  window.addEventListener('keydown', atWork, true);
  window.addEventListener('keydown', touch, true);
  window.addEventListener('pointerdown', touch, true);
  window.addEventListener('keydown', onKey, true);
  for (const kind of ['pointerdown', 'pointermove', 'wheel', 'input']) {
    window.addEventListener(kind, atWork, { capture: true, passive: true });
  }
  window.addEventListener('compositionstart', () => { composing = true; }, true);
  window.addEventListener('compositionend', () => { composing = false; }, true);
  window.addEventListener('input', commitSoon, true);
  window.addEventListener('focusin', plan, true);
  window.addEventListener('pagehide', remember);
  window.addEventListener('pointerdown', (event) => {
    if (event.target instanceof Element && event.target.closest('[class*=st-key-callback_end_] button')) handOverTime();
  }, true);
  setInterval(() => { if (waiting.length > 0) work(); }, 50);
  new MutationObserver(plan).observe(document, {
    subtree: true, childList: true, attributes: true, attributeFilter: ['class', 'data-test-script-state', 'aria-checked'],
  });
})();
