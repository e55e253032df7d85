// Streamlit opens a screen with words in its address in two steps: first the words, on the old screen, then the screen.
// The browser would remember both, and going back would lead to the old screen with the words of the new one. Here the
// second step takes the place of the first, so that one step back leads to what was looked at before.
(() => {
  const push = window.history.pushState;
  let halfway = null;
  window.history.pushState = function (state, unused, url) {
    const to = new URL(url ?? '', window.location.href);
    const onward = halfway === window.location.href
      && to.pathname !== window.location.pathname && to.search === window.location.search;
    halfway = to.pathname === window.location.pathname ? to.href : null;
    return onward ? this.replaceState(state, unused, url) : push.call(this, state, unused, url);
  };
})();
