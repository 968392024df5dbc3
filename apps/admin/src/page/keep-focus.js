// A keyboard is not thrown back to the top of the page when what it was on goes away.

/** Where the focus stays for a moment only, as it goes away as a whole. */
const PASSING = "dialog, .announcement";

/** @type {Element | null} */
let lastInPage = null;

document.addEventListener("focusin", ({ target }) => {
  if (target instanceof Element && target.closest(PASSING) === null) lastInPage = target;
});

/**
 * Renders, and if that has taken away what had the focus, moves it to what is nearest.
 * @param {() => void} render
 */
export function keepFocus(render) {
  const focused = document.activeElement;
  const near = [focused, lastInPage].flatMap((element) =>
    element === null ? [] : [element, ...nearby(element)],
  );
  render();
  const isLost = focused !== null && focused !== document.body && document.activeElement === document.body;
  if (!isLost) return;
  for (const place of near) {
    if (!(place instanceof HTMLElement) || !place.isConnected) continue;
    place.focus({ preventScroll: true });
    if (document.activeElement === place) return;
  }
}

/**
 * What to go to instead of an element, nearest first: the buttons beside it, its item or row, those next to that, and
 * the heading of its part of the page.
 * @param {Element} element
 */
function nearby(element) {
  const beside = element.matches(".buttons > *, .tools > *") ? around(element) : [];
  const item = element.closest(".item, tr");
  const heading = element.closest("section")?.querySelector("h2");
  return [
    ...beside,
    ...(item === null ? [] : [item, ...around(item)]).map((each) => each.querySelector("summary, button")),
    heading,
  ];
}

/** @param {Element} element */
function around({ nextElementSibling: next, previousElementSibling: previous }) {
  return [next, previous].filter((each) => each !== null);
}
