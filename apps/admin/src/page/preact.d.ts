// The server answers `/assets/preact.js` with the package's own file.
export { type ComponentChildren, h, render } from "preact";
