export { writeDailySalesReport } from "./write-sales-report.ts";
