import { z } from "zod";

/** RFC 5321 section 4.5.3.1.3: a path has at most 256 characters with its brackets. */
const emailAddress = z.email().max(254);

/** Text that can stand in a header, a log line and a mail: no control characters. */
const plainText = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .regex(/^\P{Cc}*$/u, "must not hold control characters");

/** The body of `POST /orders`. */
export const orderRequest = z
  .strictObject({
    userId: plainText(128),
    email: emailAddress.optional(),
    items: z
      .array(z.strictObject({ productId: plainText(64), quantity: z.int().min(1).max(1_000) }))
      .min(1)
      .max(100),
    paymentToken: plainText(255),
  })
  .transform((request, context) => {
    const email = emailAddress.safeParse(request.email ?? `${request.userId}@example.com`);
    if (email.success) return { ...request, email: email.data };
    const message = "required, because no address can be made from this userId";
    context.addIssue({ code: "custom", path: ["email"], message });
    return z.NEVER;
  });

/** An order as a customer asks for it. */
export type OrderRequest = z.output<typeof orderRequest>;

/** How many of a product are ordered, and which of the request's items say so. */
export interface OrderLine {
  readonly productId: string;
  readonly quantity: number;
  /** Indexes into the request's items. */
  readonly from: readonly number[];
}

/** Merges the items of one product into one line, in the order of their first mention. */
export function mergeItems(items: OrderRequest["items"]): readonly OrderLine[] {
  const lines = new Map<string, OrderLine>();
  items.forEach(({ productId, quantity }, index) => {
    const line = lines.get(productId);
    lines.set(productId, {
      productId,
      quantity: quantity + (line?.quantity ?? 0),
      from: [...(line?.from ?? []), index],
    });
  });
  return [...lines.values()];
}
