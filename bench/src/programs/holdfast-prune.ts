// Deletes every job that has ended, as the nightly clean-up does.
import { openQueue } from "../holdfast/open.ts";
import { answer, answerAndEnd, readTask, timed } from "./task.ts";

const { path } = readTask<{ path: string }>();
await using opened = await openQueue(path);
const go = new Promise((resolve) => process.once("message", resolve));
answer({ ready: true });
await go;
let pruned = 0;
const seconds = await timed(async () => {
  pruned = await opened.store.prune({ keepMs: 0 });
});
answerAndEnd({ pruned, seconds });
