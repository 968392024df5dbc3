import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";

const PAGES = globSync("{*.md,docs/**/*.md,{packages,apps}/*/*.md,bench/*.md,examples/**/*.md}", {
  exclude: (path) => path.includes("node_modules"),
});

/** Where the links of a page lead, but for addresses on the web and places in the page itself. */
function targetsOf(text: string): string[] {
  const links = text.matchAll(/\]\(([^)\s]+)\)/g);
  return [...links].flatMap(([, target = ""]) =>
    /^(?:[a-z]+:|#)/.test(target) ? [] : [target.replace(/#.*$/, "")],
  );
}

function brokenLinks(page: string, text: string): string[] {
  return targetsOf(text).filter((target) => !existsSync(join(dirname(page), decodeURI(target))));
}

describe("the links of the documents", () => {
  it("are found but for those that leave the repository or stay on the page", () => {
    const text = "[a](b.md#c) ![d](e.svg) [f](https://g.example) [h](#i) [j](mailto:k@l.example)";
    expect(targetsOf(text)).toEqual(["b.md", "e.svg"]);
  });

  it("are told when they lead nowhere", () => {
    expect(brokenLinks("docs/performance.md", "[a](../README.md) [b](nowhere.md)")).toEqual(["nowhere.md"]);
  });

  it.each(PAGES)("of %s lead to what there is", (page) => {
    expect(brokenLinks(page, readFileSync(page, "utf8"))).toEqual([]);
  });

  it("are read on the pages that there are", () => {
    expect(PAGES).toEqual(expect.arrayContaining(["README.md", "docs/performance.md", "bench/README.md"]));
  });
});
