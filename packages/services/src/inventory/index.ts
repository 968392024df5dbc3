export { createInventory } from "./create-inventory.ts";
export type { Inventory } from "./inventory.ts";
export { InventoryRefusedError } from "./inventory-errors.ts";
export { syncInventory } from "./sync-inventory.ts";
export { recordWarehouseNotice } from "./warehouse-notice.ts";
