/** @import { GroupItem, Snapshot } from "./json.js" */
import { formatNumber, formatWeight } from "./format.js";
import { openGroup } from "./group-dialog.js";
import { button, heads, nothing, section } from "./parts.js";
import { h } from "./preact.js";

/**
 * The groups that share the workers in turns, such as tenants, and what each has to do.
 * @param {Snapshot} snapshot
 */
export function groups({ groups: { items, isCut } }) {
  const tools = button("Set a weight…", () => openGroup(null));
  return section(
    { id: "groups", title: "Groups", tools },
    items.length === 0
      ? nothing("No job that waits or runs has a group, and no group a weight: jobs take their turns by age.")
      : [
          h("div", { class: "scroll" }, [
            h("table", null, [
              h("thead", null, h("tr", null, heads(["Group", "Weight", "Run", "Wait", ""], NUMBERS))),
              h(
                "tbody",
                null,
                items.map((group) => row(group, isCut)),
              ),
            ]),
          ]),
          isCut
            ? h("p", { class: "note" }, "More jobs wait, or more groups have a weight, than were looked at.")
            : null,
        ],
  );
}

const NUMBERS = ["Weight", "Run", "Wait"];

/**
 * @param {GroupItem} group
 * @param {boolean} isCut
 */
function row(group, isCut) {
  const { groupKey, weight, pending, processing } = group;
  return h("tr", { key: groupKey }, [
    h("th", { scope: "row", class: "mono" }, groupKey),
    h("td", { class: "number" }, formatWeight(weight)),
    h("td", { class: "number" }, formatNumber(processing)),
    h("td", { class: "number" }, formatNumber(pending) + (isCut && pending > 0 ? " or more" : "")),
    h(
      "td",
      { class: "number" },
      button("Edit…", () => openGroup(group), { label: `Edit the group ${groupKey}` }),
    ),
  ]);
}
