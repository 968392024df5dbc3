import { type Page, withoutSealed } from "@holdfast/queue-core";

/**
 * Longest JSON of one field in a list. A payload may have a megabyte and an error 64 KB; a page of fifty of them, asked
 * for every five seconds, would choke both ends. The single resource has it whole.
 */
const MAX_LISTED_LENGTH = 4_096;

/**
 * Answers with a page, of what is encrypted with the key's id alone; each item names in `cut` the fields that are too
 * long for a list.
 */
export function listAnswer<Item extends object>(page: Page<Item>): Response {
  return Response.json({
    items: page.items.map((item) => shortened(withoutSealed(item))),
    nextCursor: page.nextCursor,
  });
}

/** Answers with a list that is never so long that it needs pages. */
export function wholeListAnswer<Item extends object>(items: readonly Item[]): Response {
  return listAnswer({ items, nextCursor: null });
}

function shortened(item: object): object {
  const cut: string[] = [];
  const fields = Object.entries(item).map(([name, value]: [string, unknown]) => {
    if (typeof value === "string" && value.length > MAX_LISTED_LENGTH) {
      cut.push(name);
      return [name, value.slice(0, MAX_LISTED_LENGTH)];
    }
    if (typeof value === "object" && value !== null && JSON.stringify(value).length > MAX_LISTED_LENGTH) {
      cut.push(name);
      return [name, null];
    }
    return [name, value];
  });
  return { ...Object.fromEntries(fields), cut };
}
