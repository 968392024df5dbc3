import { expect, it } from "vitest";
import { html } from "../../src/email/html.ts";

it("escapes what is put into text and attributes", () => {
  const hostile = `<script>"&'</script>`;
  const escaped = "&lt;script&gt;&quot;&amp;&#39;&lt;/script&gt;";
  expect(html`<p title="${hostile}">${hostile}</p>`.toString()).toBe(`<p title="${escaped}">${escaped}</p>`);
});

it("keeps markup made by itself, alone or in a list", () => {
  const items = ["a<b", "c"].map((name) => html`<li>${name}</li>`);
  expect(html`<ul>${items}</ul>${html`<br>`}`.toString()).toBe("<ul><li>a&lt;b</li><li>c</li></ul><br>");
});

it("writes numbers as they are", () => {
  expect(html`${0} ${-1.5}`.toString()).toBe("0 -1.5");
});

it("escapes an object that only claims to be markup", () => {
  const disguised = JSON.parse('{"toString":"<b>"}');
  expect(() => html`${disguised}`.toString()).toThrow(TypeError);
});
