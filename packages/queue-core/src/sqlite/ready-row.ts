/** Where a job stands in its line: the key of `ready` is the order of claiming. */
export interface ReadyKey {
  /** The line's name. */
  readonly type: string;
  readonly np: number;
  readonly tag: number;
  readonly seq: number;
  readonly attempts: number;
  readonly expires_at: number | null;
}

/** A job in the line, with what its worker needs to know of it. */
export interface ReadyRow extends ReadyKey {
  readonly payload: string;
  readonly max_attempts: number;
  readonly created_at: number;
  readonly workflow_id: string | null;
  readonly slot_at: number | null;
  readonly generation: number;
  readonly limit_key: string | null;
  readonly due_at: number;
}

/**
 * One line. The cold row is read along with the hot one: a statement of its own per job was measured to
 * cost more than the rest of its claim.
 */
export const READY_ROWS = `SELECT r.type, r.np, r.tag, r.seq, r.attempts, r.expires_at,
  j.payload, j.max_attempts, j.created_at, j.workflow_id, j.slot_at, j.generation, j.limit_key, j.due_at
FROM ready r CROSS JOIN job j ON j.seq = r.seq WHERE r.type = ?`;
