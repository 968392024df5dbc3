import { route } from "@hectoday/http";
import { type Attempt, type DeadLetter, type Job, JobNotFoundError } from "@holdfast/queue-core";
import type { ShopQueue } from "@holdfast/services";
import { validInput } from "@holdfast/services/process";
import { DecryptionForbiddenError } from "../access/access-errors.ts";
import { operatorIn } from "../locals.ts";
import { idParams } from "../request-input.ts";

/**
 * Encrypted jobs and dead letters in plain text, for whoever has to know. A change and no look: it leaves a line in the
 * audit log before it answers.
 * @param mayDecrypt whether this process's setting allows it at all
 */
export function decryptRoutes(queue: ShopQueue, mayDecrypt: boolean) {
  const { store } = queue;

  const decrypted = async (
    action: string,
    stored: Job | DeadLetter,
    jobId: string,
    actor: string,
  ): Promise<Response> => {
    const { type } = stored;
    await store.audit({ actor, action, subject: stored.id, detail: `${type} job ${jobId}` });
    const plain = queue.decrypt(stored);
    const history = (await store.attempts(jobId)).map(
      (attempt): Attempt => ({
        ...attempt,
        error: queue.decrypt({ ...stored, lastError: attempt.error }).lastError,
      }),
    );
    const presentPayload = queue.presentPayload(stored);
    const reports = await queue.reports(jobId);
    const response = Response.json({ ...plain, presentPayload, history, reports });
    // Not even the browser's own disk.
    response.headers.set("cache-control", "no-store");
    return response;
  };

  const requirePermission = (): void => {
    if (!mayDecrypt) throw new DecryptionForbiddenError();
  };

  return [
    route.post("/admin/jobs/:id/decrypt", {
      request: { params: idParams },
      resolve: async (c) => {
        requirePermission();
        const { id } = validInput(c.input).params;
        const job = await store.getJob(id);
        if (job === null) throw new JobNotFoundError(`There is no job ${id}`);
        return decrypted("job.decrypt", job, id, operatorIn(c.locals).actor);
      },
    }),

    route.post("/admin/dead-letters/:id/decrypt", {
      request: { params: idParams },
      resolve: async (c) => {
        requirePermission();
        const { id } = validInput(c.input).params;
        const dead = await store.getDeadLetter(id);
        if (dead === null) throw new JobNotFoundError(`There is no dead letter ${id}`);
        return decrypted("dead_letter.decrypt", dead, dead.originalJobId, operatorIn(c.locals).actor);
      },
    }),
  ];
}
