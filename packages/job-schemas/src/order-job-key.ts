/**
 * The unique key of a step that an order takes once, whoever asks for it.
 * @param type the step's job type
 * @param orderId the order
 * @returns type and order, so that two steps of one order do not meet
 */
export function orderJobKey(type: string, orderId: string): string {
  return `${type}:${orderId}`;
}
