import { TransactionStalledError } from "../errors.ts";

/** A step of the event loop in which nothing runs but what promises that settle set off: no timer, file or socket. */
export interface Turn {
  isOver: boolean;
  readonly ended: Promise<void>;
}

/**
 * Resolves as a turn begins. Two immediates that are set together run one behind the other; between them Node settles
 * promises until none is left. A second one set later would come a whole round of timers and files after the first.
 */
export function nextTurn(): Promise<Turn> {
  return new Promise((begin) => {
    const end = Promise.withResolvers<void>();
    const turn: Turn = { isOver: false, ended: end.promise };
    setImmediate(() => begin(turn));
    setImmediate(() => {
      turn.isOver = true;
      end.resolve();
    });
  });
}

const STALLED: unique symbol = Symbol("stalled");

/**
 * Everything that waits only for synchronous SQLite settles within the turn in which it began. A callback that is still
 * pending at its end would hold the write lock over foreign work.
 * @throws {TransactionStalledError} if so
 */
export async function settledWithin<T>(turn: Turn, settling: Promise<T>): Promise<T> {
  const stalled = turn.ended.then((): typeof STALLED => STALLED);
  const first = await Promise.race([settling, stalled]);
  if (first !== STALLED) return first;
  // It goes on against a closed transaction; the error that matters is the one thrown here.
  settling.catch(() => undefined);
  throw new TransactionStalledError(
    "A store.transaction callback awaited something else than its own queries (a timer, a file, a request); " +
      "it was rolled back. Do that work before or after the transaction",
  );
}
