/** The inventory service refused a withdrawal for good; the shop's stock and the service's differ. */
export class InventoryRefusedError extends Error {
  readonly code = "INVENTORY_REFUSED";
  override readonly name = "InventoryRefusedError";

  constructor(orderId: string, status: number) {
    super(
      `The inventory service refused order ${orderId} with status ${status}; compare its stock with the shop's`,
    );
  }
}

/** The inventory service did not confirm a withdrawal; asking again with the same key is safe. */
export class InventoryUnavailableError extends Error {
  readonly code = "INVENTORY_UNAVAILABLE";
  override readonly name = "InventoryUnavailableError";

  constructor(orderId: string, reason: string, options?: ErrorOptions) {
    super(`The inventory service did not confirm order ${orderId}: ${reason}`, options);
  }
}
