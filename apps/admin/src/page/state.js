/** @import { DeadLetterJson, EventJson, GroupItem, JobJson, LimitItem, Snapshot } from "./json.js" */

/**
 * How the last look at the server went: `connecting` before the first answer, `live`, or `lost`.
 * @typedef {"connecting" | "live" | "lost"} Link
 */

/**
 * What the reader was told about something they did.
 * @typedef {object} Notice
 * @property {"done" | "failed"} kind
 * @property {string} text
 * @property {readonly string[]} [details]
 */

/**
 * @typedef {object} Question
 * @property {string} title
 * @property {string} text what it means
 * @property {string} verb what the button says
 * @property {boolean} isDeletion
 * @property {() => Promise<void>} run
 */

/**
 * @typedef {object} DeadLetterFilter
 * @property {string} type
 * @property {string} reason
 * @property {string} search
 * @property {string} time how the time is chosen: empty is any, a number the last so many hours, or `between`
 * @property {string} from when they were given up at the earliest, as the field has it: in the reader's own zone
 * @property {string} until the same, before which they were
 * @property {boolean} onlyUnreviewed
 * @property {number} limit
 */

/**
 * The dead letters that the reader wants to retry together.
 * @typedef {object} RetriedMany
 * @property {DeadLetterFilter} filter
 * @property {number | null} count how many fit; null until the server has said so
 * @property {boolean} isCut whether there may be more
 * @property {string} perMinute as it is typed; empty is all at once
 */

/**
 * One line of the list of events: an event, or why some are not in it.
 * @typedef {{ readonly key: number } & ({ readonly event: EventJson } | { readonly gap: string })} LiveLine
 */

/**
 * The events that are followed: `off` until the reader asks for them, `away` while the page cannot be seen.
 * @typedef {object} Live
 * @property {"off" | "connecting" | "on" | "away" | "lost" | "refused"} status
 * @property {string} type which alone is followed; empty for all
 * @property {string} job the same
 * @property {boolean} isPaused
 * @property {number} held how many have come since it was paused
 * @property {readonly LiveLine[]} lines newest first
 */

/**
 * @typedef {object} EditedSchedule
 * @property {string} id
 * @property {number} version the one that is edited
 * @property {string} expression
 * @property {string} timeZone
 * @property {string} catchUp `skip`, `once`, or `all` with its bounds
 * @property {string} overlap `allow` or `skip`
 * @property {string | null} payload as JSON; null if it was too long for the list
 * @property {readonly string[]} runs what comes next by what is typed
 * @property {Notice | null} problem why nothing does
 */

/**
 * Everything that decides what the page looks like. What the browser keeps by itself (scroll, focus, selection, open
 * sections, typed text) is not here, and is not touched by rendering.
 * @typedef {object} State
 * @property {Snapshot | null} snapshot
 * @property {Link} link
 * @property {string} problem why the link is lost
 * @property {number} ageSeconds since the last answer
 * @property {readonly { readonly pending: number, readonly ratePerMinute: number }[]} trend oldest first
 * @property {string} historyMinutes how far the charts look back
 * @property {DeadLetterFilter} deadLetterFilter
 * @property {{ status: string, type: string, workflow: string, limit: number }} jobFilter
 * @property {ReadonlyMap<string, DeadLetterJson | JobJson>} opened whole resources by id, for those laid open
 * @property {ReadonlyMap<string, Partial<DeadLetterJson & JobJson>>} decrypted what is encrypted of those, by id
 * @property {ReadonlySet<string>} editing ids of the dead letters whose payload is being edited
 * @property {ReadonlySet<string>} busy ids on which an action runs
 * @property {ReadonlyMap<string, Notice>} notices by the id they are about
 * @property {Notice | null} announcement told at the foot of the page, as its subject may be gone
 * @property {(() => Promise<void>) | null} undo takes back what is told there
 * @property {boolean} showsDiscarded
 * @property {EditedSchedule | null} editedSchedule
 * @property {{ limit: LimitItem | null } | null} editedLimit null within: a new one
 * @property {Live} live
 * @property {{ group: GroupItem | null } | null} editedGroup null within: one that is not in the list
 * @property {RetriedMany | null} retryingMany
 * @property {Question | null} confirming what the reader is asked before it is done
 */

/** @type {State} */
export const state = {
  snapshot: null,
  link: "connecting",
  problem: "",
  ageSeconds: 0,
  trend: [],
  historyMinutes: "60",
  deadLetterFilter: {
    type: "",
    reason: "",
    search: "",
    time: "",
    from: "",
    until: "",
    onlyUnreviewed: false,
    limit: 25,
  },
  jobFilter: { status: "", type: "", workflow: "", limit: 10 },
  opened: new Map(),
  decrypted: new Map(),
  editing: new Set(),
  busy: new Set(),
  notices: new Map(),
  announcement: null,
  undo: null,
  showsDiscarded: false,
  editedSchedule: null,
  editedLimit: null,
  editedGroup: null,
  live: { status: "off", type: "", job: "", isPaused: false, held: 0, lines: [] },
  retryingMany: null,
  confirming: null,
};

/** @type {() => void} */
let show = () => {};

/** @param {() => void} render called after every change */
export function onChange(render) {
  show = render;
}

/** @param {Partial<State>} changes */
export function update(changes) {
  Object.assign(state, changes);
  show();
}

/**
 * @template Value
 * @param {ReadonlyMap<string, Value>} map
 * @param {string} key
 * @param {Value | undefined} value undefined removes the entry
 * @returns {ReadonlyMap<string, Value>}
 */
export function withEntry(map, key, value) {
  const changed = new Map(map);
  if (value === undefined) changed.delete(key);
  else changed.set(key, value);
  return changed;
}

/**
 * @param {ReadonlySet<string>} set
 * @param {string} item
 * @param {boolean} isIn
 * @returns {ReadonlySet<string>}
 */
export function withItem(set, item, isIn) {
  const changed = new Set(set);
  if (isIn) changed.add(item);
  else changed.delete(item);
  return changed;
}
